import assert from "node:assert/strict";

import { validate } from "../../components/config/validate";
import { apiWay, operatorEndpoint } from "../../components/inventory";
import { portName, portsOn, portsToBeFree, portUses } from "../../components/inventory/ports";
import { controlPlaneCertificates } from "../../components/pki/certificates";
import { packageNames } from "../../components/render";
import { misfits } from "../../lab/nodes";
import { parseLab } from "../../lab/config";
import { boards } from "../support";

const three = [["control-plane"], ["control-plane"], ["control-plane"], ["worker"]];

function problems(api: object, more: object = {}): readonly string[] {
    const node = (number: number, roles: string[]) => ({
        name: `hex-n${number}`,
        address: `192.168.10.${10 + number}`,
        roles,
    });
    const nodes = [node(1, ["control-plane"]), node(2, ["worker"])];
    const result = validate({ cluster: { name: "hex", api }, nodes, ...more });
    return "problems" in result ? result.problems : [];
}

describe("how clients find the API", () => {
    it("is decided by the configuration, and by how many control planes there are", () => {
        assert.deepEqual([apiWay({}, 1), apiWay({}, 3)], ["direct", "local"]);
        assert.equal(apiWay({ virtualAddress: "192.168.10.10" }, 1), "virtual");
        assert.equal(apiWay({ loadBalancer: "lb.example.org" }, 3), "balancer");
    });

    it("may be an address that nobody has, or a name", () => {
        assert.deepEqual(problems({ virtualAddress: "192.168.10.10", virtualInterface: "enp0s31f6" }), []);
        for (const loadBalancer of ["192.168.10.10", "192.168.10.12", "lb.example.org", "api.hex.k8s.local", "lb-1"]) {
            assert.deepEqual(problems({ loadBalancer }), [], loadBalancer);
        }
    });

    it("is one of the ways, and each problem is told at once", () => {
        const found = problems({
            virtualAddress: "192.168.10.12",
            virtualInterface: "eth0; reboot",
            loadBalancer: "192.168.10.11",
            port: 0,
        });
        assert.deepEqual(
            found.map((problem) => problem.split(" ").slice(0, 2).join(" ")),
            [
                "cluster.api.port must",
                "cluster.api.virtualInterface must",
                "cluster.api has",
                "cluster.api.virtualAddress 192.168.10.12",
                "cluster.api.loadBalancer 192.168.10.11",
            ],
            found.join("\n"),
        );
        assert.match(found[3], /is the address of nodes\[1\]/);
        assert.match(found[4], /is the control plane nodes\[0\] itself/);
    });

    const wrong: [what: string, api: object, expected: RegExp][] = [
        ["an interface alone", { virtualInterface: "eth0" }, /virtualInterface eth0 is for a virtualAddress/],
        ["the pods' network", { virtualAddress: "10.244.3.4" }, /lies in cluster\.network\.podCidr 10\.244\.0\.0\/16/],
        ["the services' network", { loadBalancer: "10.96.0.1" }, /lies in cluster\.network\.serviceCidr/],
        ["the loopback device", { virtualAddress: "127.0.0.2" }, /no address that a machine can have/],
        ["a group", { virtualAddress: "224.0.0.18" }, /no address that a machine can have/],
        ["half an address", { loadBalancer: "192.168.10" }, /loadBalancer must be an IPv4 address or a name/],
        ["an address that is none", { loadBalancer: "192.168.10.300" }, /loadBalancer must be/],
        ["a URL", { loadBalancer: "https://lb.example.org" }, /loadBalancer must be/],
        ["a name as virtual address", { virtualAddress: "vip.example.org" }, /virtualAddress must be an IPv4 address/],
    ];
    for (const [what, api, expected] of wrong) {
        it(`is refused: ${what}`, () => {
            const found = problems(api);
            assert.equal(found.length, 1, found.join("\n"));
            assert.match(found[0], expected);
        });
    }

    it("is refused where MetalLB gives the address to a service", () => {
        const addons = { metallb: { addresses: ["192.168.10.30-192.168.10.39", "192.168.10.48/29"] } };
        for (const api of [{ virtualAddress: "192.168.10.50" }, { loadBalancer: "192.168.10.50" }]) {
            const [problem, ...others] = problems(api, { addons });
            assert.match(problem, /192\.168\.10\.50 lies in addons\.metallb\.addresses\[1\] 192\.168\.10\.48\/29/);
            assert.deepEqual(others, []);
        }
        assert.deepEqual(problems({ virtualAddress: "192.168.10.40" }, { addons }), []);
    });

    it("in a lab is an address of the lab's own that none of its machines has", () => {
        const lab = parseLab({ name: "dev" });
        const found = (virtualAddress: string) =>
            misfits({ ...boards({ api: { virtualAddress } }), workloads: {}, addons: {} }, lab);
        assert.deepEqual(found("172.31.231.5"), []);
        assert.match(found("172.31.231.12").join(), /is the address of nodes\[1\]/);
        for (const address of ["172.31.231.2", "172.31.231.200", "192.168.10.10"]) {
            assert.match(found(address).join(), /must be one of 172\.31\.231\.3 to 172\.31\.231\.10/, address);
        }
    });
});

describe("the operator's way to the API", () => {
    const host = (api: object) => {
        const { cluster, nodes } = boards({ api }, three);
        return operatorEndpoint(cluster, nodes).host;
    };

    it("is what stands for all control planes, else the first, unless the configuration says more", () => {
        assert.equal(host({}), "192.168.10.11");
        assert.equal(host({ virtualAddress: "192.168.10.10" }), "192.168.10.10");
        assert.equal(host({ loadBalancer: "lb.example.org" }), "lb.example.org");
        assert.equal(
            host({ virtualAddress: "192.168.10.10", operator: { host: "k8s.example.org" } }),
            "k8s.example.org",
        );
    });

    it("is the one that answers where nothing stands for all; a lab's machines have a way of their own", () => {
        const asked = (api: object, through: object = {}) => {
            const { cluster, nodes } = boards({ api }, three);
            return operatorEndpoint(cluster, nodes, { ...nodes[1], ...through }).url;
        };
        assert.equal(asked({}), "https://192.168.10.12:6443");
        assert.equal(asked({ virtualAddress: "192.168.10.10" }), "https://192.168.10.10:6443");
        const published = { api: { host: "127.0.0.1", port: 6434 } };
        assert.equal(asked({ virtualAddress: "192.168.10.10" }, published), "https://127.0.0.1:6434");
        assert.equal(asked({ operator: { host: "k8s.example.org" } }, published), "https://k8s.example.org:6443");
    });

    it("is no machine that is gone", () => {
        const { cluster, nodes } = boards({}, three);
        const lost = nodes.map((node, index) => ({ ...node, lost: index === 0 }));
        assert.equal(operatorEndpoint(cluster, lost).host, "192.168.10.12");
    });

    it("is in every API server's certificate, and no other control plane is", () => {
        const named = (api: object) => {
            const { cluster, nodes } = boards({ api }, three);
            return nodes.slice(0, 3).map((node) => controlPlaneCertificates(cluster, node)[0]);
        };
        const own = (index: number) => ["10.96.0.1", "127.0.0.1", `192.168.10.1${index + 1}`];
        for (const [index, { ipAddresses }] of named({}).entries()) assert.deepEqual(ipAddresses, own(index));
        for (const [index, { ipAddresses }] of named({ virtualAddress: "192.168.10.10" }).entries()) {
            assert.deepEqual(ipAddresses, [...own(index), "192.168.10.10"]);
        }
        for (const { dnsNames } of named({ loadBalancer: "lb.example.org" })) {
            assert.ok(dnsNames?.includes("lb.example.org"));
        }
    });
});

describe("ports of the ways to the API", () => {
    const proxies = (way: "direct" | "local" | "virtual" | "balancer", roles: ("control-plane" | "worker")[]) =>
        portsOn(portUses({ apiPort: 6443, backend: "none", way, addons: [] }), roles)
            .filter(({ by }) => by.startsWith("kube-api"))
            .map((use) => `${portName(use)} ${use.by}${use.at ? ` on ${use.at}` : ""}`);

    it("are the proxy's on workers, or the proxy's and VRRP on control planes", () => {
        assert.deepEqual(proxies("direct", ["worker"]), []);
        assert.deepEqual(proxies("local", ["worker"]), ["6443/tcp kube-api-proxy"]);
        assert.deepEqual(proxies("local", ["control-plane", "worker"]), ["6443/tcp kube-apiserver"]);
        assert.deepEqual(proxies("virtual", ["worker"]), []);
        assert.deepEqual(proxies("virtual", ["control-plane"]), [
            "6443/tcp kube-apiserver",
            "6443/tcp kube-api-proxy on the virtual address",
            "VRRP (IP protocol 112) kube-api-address",
        ]);
        assert.deepEqual(proxies("balancer", ["worker"]), []);
    });

    it("must be free before a machine becomes a node", () => {
        assert.deepEqual(portsToBeFree(6443, "direct", ["worker"]), [10250, 10256]);
        assert.deepEqual(portsToBeFree(6443, "local", ["worker"]), [10250, 10256, 6443]);
        const controlPlane = [10250, 10256, 2379, 2380, 6443];
        for (const way of ["direct", "local", "virtual"] as const) {
            assert.deepEqual(portsToBeFree(6443, way, ["control-plane"]), controlPlane, way);
        }
    });

    it("are not a workload's", () => {
        const nodes = three.map((roles, index) => ({ name: `hex-n${index}`, address: `192.168.10.1${index}`, roles }));
        const workloads = { redis: { node: "hex-n3", port: 6443 } };
        const found = (api: object) => {
            const result = validate({ cluster: { name: "hex", api }, nodes, workloads });
            return "problems" in result ? result.problems : [];
        };
        assert.deepEqual(found({}), ["workloads.redis.port 6443 is taken on hex-n3 by kube-api-proxy already."]);
        assert.deepEqual(found({ loadBalancer: "lb.example.org" }), []);
    });
});

describe("packages of the ways to the API", () => {
    it("are among those that the mirror carries", () => {
        const names = (api: object, roles = three) => {
            const { cluster, nodes } = boards({ api }, roles);
            return packageNames(nodes, cluster).filter((name) => ["haproxy", "keepalived"].includes(name));
        };
        assert.deepEqual(names({}, [["control-plane"], ["worker"]]), []);
        assert.deepEqual(names({}), ["haproxy"]);
        assert.deepEqual(names({ virtualAddress: "192.168.10.10" }), ["haproxy", "keepalived"]);
        assert.deepEqual(names({ loadBalancer: "lb.example.org" }), []);
    });
});
