import assert from "node:assert/strict";
import * as path from "node:path";

import { clusterEndpoint, isControlPlane, isWorker, nodesOf, operatorEndpoint } from "../../components/inventory";
import { checkSettings } from "../../setup/settings";
import { findStack } from "../../setup/stack";

/** The worked example for real machines, read and checked the way `npm run up -- --stack hex` does. */
describe("Pulumi.hex.yaml", () => {
    const root = path.resolve(__dirname, "..", "..");
    const { cluster, nodes: configured } = checkSettings(findStack(root, { name: "hex", needed: true }));
    const nodes = nodesOf(cluster, configured);

    it("names the cluster, its domain and its endpoints", () => {
        assert.equal(cluster.name, "hex");
        assert.equal(cluster.domain, "hex.k8s.local");
        assert.equal(clusterEndpoint(cluster).url, "https://api.hex.k8s.local:6443");
        assert.equal(operatorEndpoint(cluster, nodes).url, "https://192.168.1.11:6443");
    });

    it("has six boards, each reached by its name as an ordinary user", () => {
        const numbers = [1, 2, 3, 4, 5, 6];
        assert.deepEqual(
            nodes.map(({ name, address, ssh }) => [name, address, ssh.host, ssh.user]),
            numbers.map((n) => [`hex-n${n}`, `192.168.1.${10 + n}`, `hex-n${n}.local`, "bb"]),
        );
    });

    it("has one control plane, and every board takes pods", () => {
        assert.deepEqual(
            nodes.filter(isControlPlane).map(({ name }) => name),
            ["hex-n1"],
        );
        assert.ok(nodes.every(isWorker));
    });
});
