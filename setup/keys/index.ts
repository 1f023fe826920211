// The part of the program that must not be done twice: the same keys and certificates, under the same names, without
// the nodes. Pulumi's --target alone can't take them out of the whole: a provider that depends on a node is refused.
import * as pulumi from "@pulumi/pulumi";

import { nodesOf } from "../../components";
import { loadSettings } from "../../components/config/load";
import { Pki } from "../../components/pki";

const { cluster, nodes } = loadSettings();
const parent = new pulumi.ComponentResource("slipway:index:Cluster", cluster.name);
export const { fingerprint } = new Pki(`${cluster.name}-pki`, { cluster, nodes: nodesOf(cluster, nodes) }, { parent });
