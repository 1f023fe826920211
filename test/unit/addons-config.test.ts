import assert from "node:assert/strict";

import { removalProblems } from "../../components/addons/removal";
import { validate } from "../../components/config/validate";
import { parseHoldings } from "../../components/remote";
import { misfits } from "../../lab/nodes";
import { parseLab } from "../../lab/config";
import { boards } from "../support";

const nodes = [
    { name: "hex-n1", address: "192.168.10.11", roles: ["control-plane", "worker"] },
    { name: "hex-n2", address: "192.168.10.12" },
];
const check = (addons: unknown, more: object = {}) => validate({ cluster: { name: "hex" }, nodes, addons, ...more });

function problems(addons: unknown, more: object = {}): readonly string[] {
    const result = check(addons, more);
    return "problems" in result ? result.problems : [];
}

function settings(addons: unknown, more: object = {}) {
    const result = check(addons, more);
    assert.ok("settings" in result, JSON.stringify(result));
    return result.settings;
}

const pool = (...addresses: string[]) => ({ metallb: { addresses } });

describe("add-ons in the configuration", () => {
    it("need no more than their names, but for addresses that nobody can guess", () => {
        const { addons } = settings({ "metrics-server": {}, "local-path": {}, monitoring: {} });
        assert.deepEqual(addons, {
            "metrics-server": { resolution: 15 },
            "local-path": { path: "/opt/local-path-provisioner", reclaimPolicy: "Delete", default: true },
            monitoring: { interval: 15, retention: "2d", cadvisor: false, memory: "512Mi" },
        });
        assert.match(problems({ metallb: {} })[0], /^addons\.metallb\.addresses is missing: it must be a list/);
    });

    it("bring their images into the mirror and onto the nodes only where they are on", () => {
        assert.equal(settings({}).cluster.versions.metallb, undefined);
        assert.equal(settings(pool("192.168.10.200/29")).cluster.versions.metallb, "0.15.2");
    });

    it("take ranges and networks of addresses", () => {
        assert.deepEqual(problems(pool("192.168.10.200-192.168.10.219", "192.168.10.232/29")), []);
    });

    const refused: [what: string, addons: unknown, problem: RegExp, more?: object][] = [
        ["an unknown one", { metalb: {} }, /^addons\.metalb is not a setting: did you mean "metallb"\?$/],
        ["a malformed range", pool("192.168.10.200-219"), /^addons\.metallb\.addresses\[0\] must be a range such as/],
        ["a range of no addresses", pool("192.168.10.300-192.168.10.301"), /must be a range such as/],
        ["no range", pool(), /needs at least one range/],
        ["a range turned round", pool("192.168.10.9-192.168.10.5"), /ends before it begins: write 192\.168\.10\.5-192/],
        [
            "a range with a node in it",
            pool("192.168.10.10-192.168.10.20"),
            /holds the address 192\.168\.10\.11 of a node/,
        ],
        ["a range in the pods' network", pool("10.244.7.0/24"), /overlaps cluster\.network\.podCidr 10\.244\.0\.0\/16/],
        ["a range in the services' network", pool("10.96.7.0/24"), /overlaps cluster\.network\.serviceCidr/],
        [
            "two ranges that overlap",
            pool("192.168.10.64/26", "192.168.10.100-192.168.10.101"),
            /\[1\] .* overlaps .*\[0\]/,
        ],
        [
            "a range outside of the nodes' network",
            pool("192.168.11.200/29"),
            /lies outside of the nodes' network 192\.168\.10\.0\/24.*addons\.metallb\.network/,
        ],
        [
            "IPVS without strict ARP",
            pool("192.168.10.200/29"),
            /metallb and cluster\.kubeProxy\.mode ipvs exclude each other/,
            { cluster: { name: "hex", kubeProxy: { mode: "ipvs" } } },
        ],
        ["too short a resolution", { "metrics-server": { resolution: 5 } }, /resolution must be at least 10/],
        ["a relative folder", { "local-path": { path: "data" } }, /path must be an absolute path/],
        ["the root folder", { "local-path": { path: "/" } }, /path must be an absolute path/],
        ["a folder that climbs", { "local-path": { path: "/opt/../etc" } }, /path must be an absolute path/],
        ["a malformed time", { monitoring: { retention: "2 days" } }, /retention must be a time such as/],
        ["figures on a volume that nobody makes", { monitoring: { storage: "8Gi" } }, /storage needs a volume/],
        [
            "a word to remove what is on",
            { "local-path": {} },
            /^remove names local-path, but/,
            { remove: ["local-path"] },
        ],
        ["a word to remove what holds nothing", {}, /^remove\[0\] must be one of/, { remove: ["metrics-server"] }],
    ];
    for (const [what, addons, problem, more] of refused) {
        it(`refuse ${what}`, () => {
            const found = problems(addons, more);
            assert.ok(
                found.some((each) => problem.test(each)),
                `got ${JSON.stringify(found)}`,
            );
        });
    }

    it("are reported all at once", () => {
        const found = problems({
            ...pool("192.168.10.9-192.168.10.5", "10.96.7.0/24"),
            monitoring: { storage: "8Gi" },
        });
        assert.equal(found.filter((each) => each.startsWith("addons.")).length, 4, found.join("\n"));
    });

    it("may be told of a larger network, and of IPVS that is prepared", () => {
        const network = { metallb: { addresses: ["192.168.11.200/29"], network: "192.168.0.0/16" } };
        assert.deepEqual(problems(network), []);
        const kubeProxy = { mode: "ipvs", ipvs: { strictARP: true } };
        assert.deepEqual(problems(pool("192.168.10.200/29"), { cluster: { name: "hex", kubeProxy } }), []);
    });

    it("are held to a lab's nodes, too", () => {
        const lab = parseLab({ name: "dev" });
        const { addons } = settings({
            metallb: { addresses: ["172.31.231.10-172.31.231.12"], network: "172.31.0.0/16" },
        });
        assert.deepEqual(misfits({ ...boards(), addons, workloads: {} }, lab), [
            "addons.metallb.addresses[0] 172.31.231.10-172.31.231.12 holds the address 172.31.231.11 of a node.",
        ]);
    });
});

describe("taking out an add-on", () => {
    const holdings = parseHoldings(
        [
            "CustomResourceDefinition   bgppeers.metallb.io          metallb      <none>       <none>    <none>",
            "CustomResourceDefinition   ipaddresspools.metallb.io    metallb      <none>       <none>    <none>",
            "CustomResourceDefinition   widgets.example.org          <none>       <none>       <none>    <none>",
            "PersistentVolume           pvc-1                        <none>       local-path   default   data-web-0",
            "PersistentVolume           pvc-2                        <none>       slow         default   other",
            "PersistentVolumeClaim      data-web-0                   <none>       local-path   <none>    <none>",
            "PersistentVolumeClaim      prometheus                   monitoring   local-path   <none>    <none>",
        ].join("\n"),
    );

    it("is refused while the cluster has what it brought, each with what that is and the word to write", () => {
        const found = removalProblems({ addons: {}, remove: [] }, holdings);
        assert.equal(found.length, 3);
        assert.match(
            found[0],
            /^addons\.local-path is off.* the volume default\/data-web-0\. .*slipway:remove: \[local-path\]/,
        );
        assert.match(found[1], /the kinds bgppeers\.metallb\.io, ipaddresspools\.metallb\.io\..*every object/);
        assert.match(found[2], /^addons\.monitoring is off.* the claim prometheus\./);
    });

    it("is done after the word, and nobody is asked where nothing is held", () => {
        const remove = ["local-path", "metallb", "monitoring"] as const;
        assert.deepEqual(removalProblems({ addons: {}, remove: [...remove] }, holdings), []);
        assert.deepEqual(removalProblems({ addons: {}, remove: [] }, []), []);
    });

    it("is not what keeping it means", () => {
        const { addons } = settings({ ...pool("192.168.10.200/29"), "local-path": {}, monitoring: {} });
        assert.deepEqual(removalProblems({ addons, remove: [] }, holdings), []);
    });
});
