import assert from "node:assert/strict";

import type { DriftReport } from "../../operations/changes/driftReport";
import { docker, eventually, onNode } from "./harness";
import { Expected, preview, previewShows, shown, sorted, Tables, united, upRestarts } from "./tables";

/** Something that somebody does by hand, behind Slipway's back. */
interface ByHand extends Expected {
    readonly name: string;
    /** Done on this node. Default: on the first one, which has kubectl. */
    readonly node?: string;
    /** What is done, as root. */
    readonly hand: string;
    /** What prints the state that is changed, and that `up` brings back. */
    readonly look: string;
}

const kubernetes = "/opt/k8s/kubernetes";
const pki = "/etc/kubernetes/pki";
const probes = "net.ipv4.tcp_keepalive_probes";
const digest = (file: string) => `sha256sum ${file}; stat -c '%a %U:%G' ${file}`;
const exists = (object: string) => `kubectl get ${object} -o name`;

function byHand([n1, n2, n3]: readonly string[]): ByHand[] {
    const unit = "/etc/systemd/system/kube-proxy.service";
    const kubelet = "/var/lib/kubelet/config.yaml";
    const cni = "/etc/cni/net.d/10-flannel.conflist";
    // Of the same size, with the same time: only its content tells.
    const altered = (file: string) =>
        `touch -r ${file} /tmp/as-before && printf x | dd of=${file} bs=1 seek=4096 conv=notrunc status=none && ` +
        `touch -r /tmp/as-before ${file}`;
    return [
        {
            name: "a unit file edited",
            node: n2,
            hand: `echo '# by hand' >>${unit}`,
            look: digest(unit),
            // What runs has never seen it.
            nodes: { [n2]: ["activate ! unit kube-proxy.service"] },
        },
        {
            name: "a service stopped",
            node: n3,
            hand: "systemctl stop kubelet",
            look: "systemctl is-active kubelet",
            nodes: { [n3]: ["activate ! unit kubelet.service"] },
            restarts: { [n3]: ["kubelet"] },
        },
        {
            name: "a binary deleted",
            node: n3,
            hand: `rm ${kubernetes}/kube-proxy`,
            look: digest(`${kubernetes}/kube-proxy`),
            nodes: { [n3]: ["stage ! artifact kube-proxy"] },
        },
        {
            name: "a binary replaced by another of the same size and time",
            node: n2,
            hand: altered(`${kubernetes}/kubectl`),
            look: digest(`${kubernetes}/kubectl`),
            nodes: { [n2]: ["stage ! artifact kubectl"] },
        },
        {
            name: "the API server's certificate edited",
            node: n1,
            hand: `echo >>${pki}/apiserver.crt`,
            look: digest(`${pki}/apiserver.crt`),
            nodes: { [n1]: [`credentials ! file ${pki}/apiserver.crt`] },
        },
        {
            name: "the authority that a kubelet trusts edited",
            node: n3,
            hand: `echo >>${pki}/ca.crt`,
            look: digest(`${pki}/ca.crt`),
            nodes: { [n3]: [`credentials ! file ${pki}/ca.crt`] },
        },
        {
            name: "a kubelet's configuration edited, and the kubelet started with it",
            node: n2,
            hand: `echo 'maxPods: 7' >>${kubelet} && systemctl restart kubelet`,
            look: digest(kubelet),
            nodes: { [n2]: [`activate ! file ${kubelet}`, "activate ! unit kubelet.service"] },
            restarts: { [n2]: ["kubelet"] },
        },
        {
            name: "a CNI configuration removed",
            node: n1,
            hand: `rm ${cni}`,
            look: digest(cni),
            nodes: { [n1]: [`activate ! file ${cni}`] },
        },
        {
            name: "a sysctl changed",
            node: n1,
            hand: `sysctl -q ${probes}=5`,
            look: `sysctl -n ${probes}`,
            nodes: { [n1]: [`base ! sysctl ${probes}`] },
        },
        {
            name: "a label changed",
            hand: `kubectl label node ${n3} --overwrite disk=tape`,
            look: `kubectl get node ${n3} -o 'jsonpath={.metadata.labels.disk}'`,
            nodes: { [n3]: ["member ! label disk"] },
        },
        {
            name: "a taint changed",
            hand: `kubectl taint node ${n2} --overwrite slow=very:PreferNoSchedule`,
            look: `kubectl get node ${n2} -o 'jsonpath={.spec.taints}'`,
            nodes: { [n2]: ["member ! taint slow"] },
        },
        {
            name: "a taint removed",
            hand: `kubectl taint node ${n3} busy-`,
            look: `kubectl get node ${n3} -o 'jsonpath={.spec.taints}'`,
            nodes: { [n3]: ["member ! taint busy"] },
        },
        {
            name: "a role binding deleted",
            hand: "kubectl delete clusterrolebinding system:coredns",
            look: exists("clusterrolebinding system:coredns"),
            cluster: ["! ClusterRoleBinding system:coredns"],
        },
        {
            name: "CoreDNS's configuration deleted",
            hand: "kubectl -n kube-system delete configmap coredns",
            look: exists("-n kube-system configmap coredns"),
            cluster: ["! ConfigMap kube-system/coredns"],
        },
        {
            name: "a Deployment scaled",
            hand: "kubectl scale deployment my-nginx --replicas=0",
            look: "kubectl get deployment my-nginx -o 'jsonpath={.spec.replicas}'",
            cluster: ["! Deployment default/my-nginx"],
        },
        {
            // The last one: nothing of Kubernetes is found below it any more.
            name: "the version's link moved",
            node: n2,
            hand: `ln -sfn v0.0.0 ${kubernetes}`,
            look: `readlink ${kubernetes}`,
            nodes: { [n2]: [`activate ! link ${kubernetes}`] },
        },
    ];
}

/** Whether a report shows this, whatever else it shows. */
function tells(report: Expected, { nodes = {}, cluster = [] }: Expected): void {
    const missing = [
        ...Object.entries(nodes).flatMap(([node, lines]) =>
            lines.filter((line) => !report.nodes?.[node]?.includes(line)).map((line) => `${node}: ${line}`),
        ),
        ...cluster.filter((line) => !report.cluster?.includes(line)),
    ];
    assert.deepEqual(missing, []);
}

/**
 * Cases of a describe, on a cluster that is as its configuration says, with what `editCases` leaves in it: all is done by
 * hand and mended at once, and looked at one by one.
 */
export function driftCases({ stack, nodes }: Tables): void {
    const all = byHand(nodes);
    const expected = united(all);
    // kubectl's cache would be left in root's home, and by nobody but us.
    const inPerson = (node: string, command: string) => onNode(node, `export KUBECACHEDIR=/dev/shm/kube; ${command}`);
    const look = () => Promise.all(all.map(({ node = nodes[0], look }) => inPerson(node, look)));
    const drift = async () => {
        const { status, stdout, output } = await stack.slipway(["drift", "--json"]);
        assert.match(stdout, /^\{/, output);
        const { nodes, cluster, unseen } = JSON.parse(stdout) as DriftReport;
        return { status, unseen, shown: shown({ nodes, cluster: cluster.map((one) => ({ ...one, drifted: true })) }) };
    };
    let before: string[];
    let after: string[];
    let seen: { drift: Expected; preview: Expected };

    it("drifted: much is done by hand, and `drift` ends with 1", async () => {
        before = await look();
        for (const { node = nodes[0], hand } of all) await inPerson(node, hand);
        const found = await drift();
        assert.equal(found.status, 1);
        seen = { drift: found.shown, preview: shown(await preview(stack)) };
    });

    it("drifted: drift and preview show that and nothing else, and the preview the units that restart by it", () => {
        assert.deepEqual(seen.drift, { ...expected, restarts: {} });
        assert.deepEqual(seen.preview, expected);
    });

    it("drifted: up mends it and restarts these units alone", async () => {
        try {
            await upRestarts(stack, nodes, expected.restarts);
        } finally {
            after = await look();
        }
    });

    for (const [index, row] of all.entries()) {
        it(`drifted: ${row.name}: seen by drift and preview, and as it was after up`, () => {
            tells(seen.drift, row);
            tells(seen.preview, row);
            assert.equal(after[index], before[index]);
        });
    }

    it("drifted: the next drift ends with 0, the next preview is empty", async () => {
        assert.deepEqual(await drift(), { status: 0, unseen: [], shown: sorted({}) });
        await previewShows(stack, {});
    });

    it("drifted: a node that is switched off is reported, and the others are asked", async () => {
        const off = nodes[nodes.length - 1];
        await docker("stop", "--time", "1", off);
        try {
            await onNode(nodes[0], `sysctl -q ${probes}=5`);
            const { status, unseen, shown } = await drift();
            assert.equal(status, 1);
            assert.deepEqual(shown.nodes, { [nodes[0]]: [`base ! sysctl ${probes}`] });
            assert.deepEqual(unseen.length, 1);
            assert.match(unseen[0], new RegExp(`^${off}: `));
        } finally {
            await docker("start", off);
        }
        await eventually("the node is back", 120, async () =>
            / Ready /.test(await stack.kubectl("get", "node", off, "--no-headers")),
        );
        await stack.must(["up"]);
        await previewShows(stack, {});
    });
}
