/** A program of five resources that makes the engine load the same four plugins as Slipway's. */
import * as fs from "node:fs";

import { remote } from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as kubernetes from "@pulumi/kubernetes";
import * as tls from "@pulumi/tls";
import type { SshTarget } from "../../../components/inventory/node";

/** Where the cluster is, and one of its nodes. */
export interface Surroundings {
    readonly kubeconfig: string;
    readonly node: SshTarget;
}

const { kubeconfig, node } = JSON.parse(fs.readFileSync(process.env.SURROUNDINGS!, "utf8")) as Surroundings;

const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
new tls.SelfSignedCert("certificate", {
    privateKeyPem: key.privateKeyPem,
    subject: { commonName: "trivial" },
    validityPeriodHours: 24,
    allowedUses: ["digital_signature"],
});
new docker.Network("network", {
    name: "slipway-bench-trivial",
    driver: "bridge",
    ipamConfigs: [{ subnet: "172.31.234.0/24" }],
    labels: [{ label: "slipway.lab", value: "bench" }],
});
new remote.Command("command", {
    connection: { ...node, dialErrorLimit: 10, perDialTimeout: 15 },
    create: "true",
    delete: "true",
    logging: remote.Logging.None,
    addPreviousOutputInEnv: false,
});
new kubernetes.core.v1.ConfigMap(
    "map",
    { metadata: { name: "trivial", namespace: "default" }, data: { answer: "42" } },
    { provider: new kubernetes.Provider("cluster", { kubeconfig }) },
);
