/**
 * What is in place before Slipway's clock starts: machines, and the steps contact, base and stage of each, under the
 * same names as in the whole program (../../../index.ts), which finds them in the state and goes on from there.
 *
 * The base step writes the owner's mark with the fingerprint of the cluster's CA, so that CA is here, too. All else is
 * made while the clock runs: the other CAs, all certificates and credentials, control plane, kubelets, add-ons, nginx.
 */
import * as pulumi from "@pulumi/pulumi";

import { loadDigests, PreparedNode, stepsOf } from "../../../components";
import { loadSettings } from "../../../components/config/load";
import { Authority } from "../../../components/pki/issue";
import { fingerprintOf } from "../../../components/pki/secrets";
import { Lab, loadLab, refuseMisfits } from "../../../lab";
import { dataFolder } from "../../../setup/paths";
import { mirrorFolder } from "../../../setup/stackRecord";

const settings = loadSettings();
const mirror = mirrorFolder(pulumi.getStack());
const places = { dataFolder: dataFolder(), mirror, clusterPort: settings.cluster.api.port };
const lab = loadLab(settings.lab, places);
refuseMisfits(settings, lab);
const { cluster } = settings;

const machines = new Lab(lab.config.name, lab);
const within = { dependsOn: machines.containers, deletedWith: machines.network };
const parent = new pulumi.ComponentResource("slipway:index:Cluster", cluster.name, {}, within);
const pki = new pulumi.ComponentResource("slipway:pki:Pki", `${cluster.name}-pki`, {}, { parent });
const { authorityHours, generation, protect } = cluster.certificates;
const name = `cluster-ca-g${generation}`;
const authority = new Authority(
    `${cluster.name}-pki-${name}`,
    { commonName: `${cluster.name}-${name}`, hours: authorityHours, protect },
    { parent: pki },
);
const fingerprint = authority.certificate.apply(fingerprintOf);
const digests = loadDigests(mirror);
// As the probe finds a machine that nobody has touched.
const report = { reachable: true, known: false, joined: false, versions: {}, units: {}, kinds: {}, members: {} };
for (const node of lab.nodes) {
    const args = { node, cluster, nodes: lab.nodes, digests, fingerprint, report, step: stepsOf(node, report) };
    new PreparedNode(node.name, args, { parent });
}
