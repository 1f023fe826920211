import assert from "node:assert/strict";

import { fixedSettings, livingProblems } from "../../components/node/living";
import { describeRemoved } from "../../components/node/removedApis";
import { type NodeReport, parseRemovedApis, unreachableWarnings } from "../../components/remote";
import { boards } from "../support";

const kind = { generation: 1, differences: 0, entries: [] };
const nothing: NodeReport = {
    reachable: true,
    known: false,
    joined: false,
    versions: {},
    units: {},
    kinds: {},
    members: {},
};

/** Two boards of a living cluster, as their probes tell of them. */
function living(change: Partial<Record<"hex-n1" | "hex-n2", Partial<NodeReport>>> = {}): Record<string, NodeReport> {
    const { cluster } = boards();
    const member = { ...nothing, known: true, joined: true, owner: "hex:f00d", fixed: fixedSettings(cluster) };
    return {
        "hex-n1": {
            ...member,
            node: "hex-n1",
            kinds: { base: kind, "control-plane": kind, activate: kind },
            ...change["hex-n1"],
        },
        "hex-n2": { ...member, node: "hex-n2", kinds: { base: kind, activate: kind }, ...change["hex-n2"] },
    };
}

describe("what a living cluster refuses", () => {
    const problems = (settings: object, reports = living(), roles?: string[][]) => {
        const { cluster, nodes } = boards(settings, roles);
        return livingProblems(cluster, nodes, reports);
    };

    it("nothing, when nothing of that kind changed, also where a machine says nothing", () => {
        assert.deepEqual(problems({}), []);
        assert.deepEqual(problems({ domain: "new.local" }, { "hex-n1": nothing, "hex-n2": nothing }), []);
        const silent = { ...nothing, reachable: false, problem: "hex-n2: no answer" };
        assert.deepEqual(problems({}, { ...living(), "hex-n2": silent }), []);
    });

    it("a minor version that is skipped, and one that goes back: Kubernetes' and etcd's, with the way there", () => {
        const runs = (kubernetes: string, etcd = "3.6.8") => living({ "hex-n1": { versions: { kubernetes, etcd } } });
        const to = (version: string) => ({ kubernetes: { version } });
        const [skipped, ...others] = problems(to("1.36.3"), runs("1.34.4"));
        assert.deepEqual(others, []);
        assert.match(
            skipped,
            /^cluster\.kubernetes\.version can't go from 1\.34\.4 to 1\.36\.3 .*hex-n1.*Set it to 1\.35\.4/,
        );
        assert.match(
            problems(to("1.35.4"), runs("1.36.3"))[0],
            /can't go back from 1\.36\.3 to 1\.35\.4 .*Leave it at 1\.36/,
        );
        assert.deepEqual(problems(to("1.35.4"), runs("1.34.4")), []);
        assert.deepEqual(problems(to("1.36.1"), runs("1.36.3")), []);
        assert.match(
            problems({}, runs("1.36.3", "3.4.20"))[0],
            /^cluster\.versions\.etcd can't go from 3\.4\.20 .*Set it to 3\.5/,
        );
        // A worker that was off while the others moved on catches up at once.
        assert.deepEqual(problems(to("1.36.3"), living({ "hex-n2": { versions: { kubernetes: "1.34.4" } } })), []);
    });

    it("a minor version while a control plane gives no answer, or that leaves a kubelet too far behind", () => {
        const [both, worker] = [["control-plane", "worker"], ["worker"]];
        const runs = { versions: { kubernetes: "1.35.4", etcd: "3.6.8" } };
        const silent = { ...nothing, reachable: false, problem: "hex-n3: no answer" };
        const two = living({ "hex-n1": runs });
        const three = { ...two, "hex-n2": { ...two["hex-n1"], node: "hex-n2" }, "hex-n3": silent };
        const to = (version: string) => problems({ kubernetes: { version } }, three, [both, both, both]);
        assert.deepEqual(to("1.35.4"), []);
        assert.match(
            to("1.36.3").join("\n"),
            /^Kubernetes can't go to 1\.36\.3 while the control plane hex-n3 gives no answer: all of them go before/,
        );
        const old = living({ "hex-n1": runs, "hex-n2": { versions: { kubernetes: "1.32.1" } } });
        assert.match(
            problems({ kubernetes: { version: "1.36.3" } }, old, [both, worker])[0],
            /the kubelets of hex-n2 are more than 3 minor versions behind it \(hex-n2 runs 1\.32\.1\)/,
        );
    });

    it("APIs in use that the next version doesn't have, as API servers count them", () => {
        const line = (version: string, release: string, more = "") =>
            `apiserver_requested_deprecated_apis{group="example.io",removed_release="${release}",resource="flows",` +
            `subresource="${more}",version="${version}"} 1`;
        const asked = parseRemovedApis(
            ["# HELP", line("v1beta1", "1.36"), line("v1", "1.37", "status"), line("v2", "")].join("\n"),
        );
        assert.deepEqual(asked, [
            { name: "flows.v1beta1.example.io", release: "1.36" },
            { name: "flows/status.v1.example.io", release: "1.37" },
        ]);
        assert.deepEqual(describeRemoved("1.35.4", asked), []);
        const [problem, ...others] = describeRemoved("1.36.3", asked);
        assert.deepEqual(others, []);
        assert.match(
            problem,
            /^Kubernetes 1\.36\.3 doesn't have flows\.v1beta1\.example\.io \(until 1\.36\), .*deprecation-guide/,
        );
    });

    it("another domain, network or port of the API: all at once, each with what it was and the ways out", () => {
        const found = problems({
            domain: "new.local",
            api: { port: 7443 },
            network: { podCidr: "10.1.0.0/16", serviceCidr: "10.2.0.0/16" },
        });
        assert.equal(found.length, 4);
        assert.match(
            found[0],
            /^cluster\.domain can't become new\.local .*hex-n1 was built with hex\.k8s\.local.*Set it back; or/,
        );
        assert.match(found[1], /^cluster\.network\.podCidr can't become 10\.1\.0\.0\/16 .*10\.244\.0\.0\/16/);
        assert.match(found[2], /^cluster\.network\.serviceCidr can't become 10\.2\.0\.0\/16 .*10\.96\.0\.0\/16/);
        assert.match(found[3], /^cluster\.api\.port can't become 7443 .*built with 6443.*kubelet/);
    });

    it("as long as no machine has joined, everything may change", () => {
        const built = living({ "hex-n1": { joined: false }, "hex-n2": { joined: false } });
        assert.deepEqual(problems({ domain: "new.local" }, built), []);
    });

    it("another name: of the cluster, of a node", () => {
        assert.match(
            problems({ name: "new" })[0],
            /^hex-n1 belongs to the cluster hex, not to new\..*can't be renamed/,
        );
        const renamed = living({ "hex-n2": { node: "hex-n9" } });
        assert.match(
            problems({}, renamed)[0],
            /^hex-n2 is a machine that was built as the node hex-n9\..*take hex-n9 out/,
        );
    });

    it("no control plane that comes or goes, as long as one stays that has etcd's data", () => {
        const [both, worker] = [["control-plane", "worker"], ["worker"]];
        const grown = { ...living(), "hex-n3": nothing };
        assert.deepEqual(problems({}, grown, [both, both, both]), []);
        const silent = living({ "hex-n2": { ...nothing, reachable: false, problem: "hex-n2: no answer" } });
        assert.deepEqual(problems({}, silent, [worker, both]), [], "it may have the data");
    });

    it("control planes that would all be without etcd's data, with the way there", () => {
        const [both, worker] = [["control-plane", "worker"], ["worker"]];
        const [moved, ...others] = problems({}, living(), [worker, both]);
        assert.deepEqual(others, []);
        assert.match(moved, /^hex-n1 holds the cluster's etcd, and of hex-n2 none does: give the role to both until/);
        const gone = living({ "hex-n1": { ...nothing, kinds: {} } });
        assert.match(
            problems({}, gone, [both, worker])[0],
            /^None of the control planes hex-n1 holds the living cluster's/,
        );
    });
});

describe("machines that say nothing", () => {
    const away = (problem: string): NodeReport => ({ ...nothing, reachable: false, problem });
    const refused = away("n1: 127.0.0.1:2231 can't be reached over SSH: connect ECONNREFUSED 127.0.0.1:2231");

    it("are told of, also when none of them answers in time: what was wanted of them isn't done", () => {
        const late = away("n2: 127.0.0.1:2232 gave no answer over SSH within 4 s");
        assert.deepEqual(unreachableWarnings({ n1: nothing, n2: late }).length, 1);
        assert.match(
            unreachableWarnings({ n1: late, n2: late })[0],
            /^n2: .* within 4 s\. What was built there is left/,
        );
        assert.equal(unreachableWarnings({ n1: refused, n2: late }).length, 2);
    });

    it("are not, where a lab isn't there yet, or all of them are lost", () => {
        assert.deepEqual(unreachableWarnings({ n1: refused, n2: refused }), []);
        assert.deepEqual(unreachableWarnings({ n1: { ...nothing, reachable: false } }), []);
        assert.deepEqual(unreachableWarnings({}), []);
    });
});
