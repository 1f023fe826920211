import assert from "node:assert/strict";

import { validate } from "../../components/config/validate";
import {
    apiServiceIp,
    clusterEndpoint,
    contains,
    dnsServiceIp,
    formatCidr,
    minimumReady,
    nodeCapacity,
    nodesOf,
    operatorEndpoint,
    overlaps,
    parseCidr,
    serviceIp,
} from "../../components/inventory";

describe("addresses", () => {
    it("derives the services' addresses", () => {
        assert.equal(apiServiceIp("10.96.0.0/16"), "10.96.0.1");
        assert.equal(dnsServiceIp("172.20.255.0/24"), "172.20.255.10");
        assert.equal(serviceIp("10.0.0.0/8", 256), "10.0.1.0");
        assert.throws(() => serviceIp("10.96.0.0/29", 10), /no address number 10/);
    });

    it("reads a network from any of its addresses", () => {
        assert.equal(formatCidr(parseCidr("192.168.77.5/20")), "192.168.64.0/20");
        assert.equal(formatCidr(parseCidr("255.255.255.255/32")), "255.255.255.255/32");
        for (const wrong of ["10.0.0.0", "10.0.0/8", "10.0.0.0/33", "10.0.0.256/8", "10.0.0.0/8/1", ""]) {
            assert.throws(() => parseCidr(wrong), /is not an IPv4/, wrong);
        }
    });

    it("sees overlaps from both sides, and none between neighbours", () => {
        assert.ok(overlaps("10.0.0.0/8", "10.96.0.0/16"));
        assert.ok(overlaps("10.96.0.0/16", "10.0.0.0/8"));
        assert.ok(!overlaps("10.96.0.0/16", "10.97.0.0/16"));
        assert.ok(contains("192.168.0.0/24", "192.168.0.255"));
        assert.ok(!contains("192.168.0.0/24", "192.168.1.0"));
    });

    it("counts the nodes that a pod network has room for", () => {
        assert.equal(nodeCapacity("10.244.0.0/16"), 256);
        assert.equal(nodeCapacity("10.244.0.0/24"), 1);
        assert.equal(nodeCapacity("10.244.0.0/25"), 0);
    });
});

describe("inventory", () => {
    const result = validate({
        cluster: {
            name: "hex",
            ssh: { user: "bb", port: 2222, proxy: { host: "gate", user: "jump" } },
            source: "http://10.0.0.1:8080/",
            api: { operator: { host: "127.0.0.1" } },
        },
        nodes: [
            { name: "n1", address: "192.168.1.1", roles: ["control-plane"] },
            { name: "n2", address: "192.168.1.2", ssh: { host: "n2.local", user: "pi" }, source: "/mnt/mirror/" },
        ],
    });
    assert.ok("settings" in result);
    const { cluster } = result.settings;
    const nodes = nodesOf(cluster, result.settings.nodes);

    it("completes a node with the cluster's defaults", () => {
        const proxy = { host: "gate", port: 22, user: "jump" };
        assert.deepEqual(nodes[0].ssh, { host: "192.168.1.1", port: 2222, user: "bb", proxy });
        assert.equal(nodes[0].source, "http://10.0.0.1:8080/");
    });

    it("puts the node's own settings first", () => {
        assert.deepEqual([nodes[1].ssh.host, nodes[1].ssh.user, nodes[1].ssh.port], ["n2.local", "pi", 2222]);
        assert.equal(nodes[1].source, "/mnt/mirror/");
    });

    it("names the API for nodes, and an address of it for the operator", () => {
        assert.equal(clusterEndpoint(cluster).url, "https://api.hex.k8s.local:6443");
        assert.equal(operatorEndpoint(cluster, nodes).url, "https://127.0.0.1:6443");
    });

    it("waits for half of the nodes, rounded up, where nothing is said", () => {
        assert.equal(minimumReady(cluster, nodes), 1);
        assert.equal(minimumReady({ ...cluster, minimumReady: 9 }, nodes), 2);
    });
});
