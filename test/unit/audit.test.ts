import assert from "node:assert/strict";

import { controls } from "../../operations/audit/controls";
import type { ApiFacts, NodeFacts, PodFact } from "../../operations/audit/facts";
import { count, judge } from "../../operations/audit/judge";
import { question, readAnswer } from "../../operations/audit/question";
import { auditTable } from "../../setup/commands/audit";

/** How many controls each section of the benchmark has. */
const sections = {
    ...{ "1.1": 21, "1.2": 30, "1.3": 7, "1.4": 2, "2": 7, "3.1": 3, "3.2": 2, "4.1": 10, "4.2": 14, "4.3": 1 },
    ...{ "5.1": 13, "5.2": 12, "5.3": 2, "5.4": 2, "5.5": 1, "5.6": 4 },
};

const nobody: ApiFacts = {
    ...{ namespaces: [], clusterRoles: [], roles: [], clusterRoleBindings: [], roleBindings: [], pods: [] },
    anonymous: 401,
};
const node = (answer: string): NodeFacts => readAnswer("hex-n1", true, answer);
const failing = (nodes: readonly NodeFacts[], api?: ApiFacts) =>
    judge(controls, nodes, api)
        .filter(({ outcome }) => outcome === "fails")
        .map(({ id }) => id);
const failingApi = (facts: Partial<ApiFacts>) => failing([], { ...nobody, ...facts });

describe("the audit's controls", () => {
    it("are those of the benchmark, each once, in its order", () => {
        const expected = Object.entries(sections)
            .sort(([a], [b]) => Number(a) - Number(b))
            .flatMap(([section, length]) => Array.from({ length }, (_, index) => `${section}.${index + 1}`));
        assert.deepEqual(
            controls.map(({ id }) => id),
            expected,
        );
    });

    it("don't pass on a machine that says nothing, but for what must not be there", () => {
        const { outcome } = judge(controls, [node("")], undefined).find(({ id }) => id === "1.2.16")!;
        assert.equal(outcome, "fails");
        const passing = judge(controls, [node("")], undefined).filter(({ outcome }) => outcome === "passes");
        const absent = ["1.1.9", "1.1.10", "1.2.6", "1.2.10", "1.2.12", "1.2.13", "1.3.6"];
        assert.deepEqual(
            passing.map(({ id }) => id),
            absent,
        );
    });

    it("don't pass where nobody was asked", () => {
        assert.deepEqual(
            judge(controls, [], undefined).filter(({ outcome }) => outcome !== "exception"),
            [],
        );
    });

    it("see a flag, a mode, an owner and a setting that don't fit, and on which node", () => {
        const answer = [
            "process kube-apiserver root",
            "flag kube-apiserver profiling=true",
            "flag kube-apiserver authorization-mode=Node,RBAC,AlwaysAllow",
            "file 644 root:root f /etc/kubernetes/admin.conf",
            "file 700 root:root d /var/lib/etcd",
            "encryption identity",
            "document kubelet |authentication:",
            "document kubelet |  anonymous: { enabled: true }",
        ].join("\n");
        const verdicts = judge(controls, [node(answer)], undefined);
        const problem = (id: string) => verdicts.find((verdict) => verdict.id === id)!.problems[0];
        assert.deepEqual(problem("1.1.13"), {
            where: "hex-n1",
            what: "/etc/kubernetes/admin.conf has mode 644, more than 600",
        });
        assert.equal(problem("1.1.12").what, "/var/lib/etcd belongs to root:root, not etcd:etcd");
        assert.equal(problem("1.2.6").what, "--authorization-mode has AlwaysAllow");
        assert.equal(problem("1.2.15").what, "--profiling is true");
        assert.equal(problem("1.2.28").what, "secrets are written by identity");
        assert.equal(problem("4.2.1").what, "the kubelet has not: anonymous requests off");
        const text = auditTable({ verdicts, unseen: ["hex-n2 gave no answer: no route"] }, { stack: "hex" });
        assert.match(text, /^ +1\.1\.13 +hex-n1 +.*admin\.conf has mode 644, more than 600$/m);
        assert.match(text, /Not seen: hex-n2 gave no answer/);
        assert.equal(count(verdicts).fails, verdicts.filter(({ problems }) => problems.length > 0).length);
    });

    it("see rights that everybody has, and roles that allow everything", () => {
        const role = (name: string, rules: object[]) =>
            ({ metadata: { name }, rules }) as ApiFacts["clusterRoles"][number];
        const binding = (subject: string, name: string): ApiFacts["clusterRoleBindings"][number] => ({
            metadata: { name: "given" },
            roleRef: { kind: "ClusterRole", name },
            subjects: [{ kind: "Group", name: subject }],
        });
        const clusterRoles = [role("all", [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }])];
        assert.deepEqual(failingApi({ clusterRoles }), ["5.1.3"]);
        assert.deepEqual(failingApi({ clusterRoleBindings: [binding("ops", "cluster-admin")] }), ["5.1.1"]);
        const secrets = [role("reads", [{ verbs: ["get"], resources: ["secrets"] }])];
        const given = { clusterRoles: secrets, clusterRoleBindings: [binding("system:authenticated", "reads")] };
        assert.deepEqual(failingApi(given), ["5.1.2"]);
        assert.deepEqual(failingApi({ ...given, clusterRoleBindings: [binding("ops", "reads")] }), []);
        assert.deepEqual(failingApi({ anonymous: 200 }), ["5.1.1"]);
    });

    it("see pods that are more than their namespace's level allows, and tokens by chance", () => {
        const pod = (spec: object, namespace = "default"): PodFact => ({ metadata: { name: "p", namespace }, spec });
        const container = (more: object) => ({ containers: [{ name: "c", ...more }] });
        const privileged = pod(container({ securityContext: { privileged: true } }));
        assert.deepEqual(failingApi({ pods: [privileged] }), ["5.2.2"]);
        const labels = { "pod-security.kubernetes.io/enforce": "privileged" };
        assert.deepEqual(
            failingApi({ pods: [privileged], namespaces: [{ metadata: { name: "default", labels } }] }),
            [],
        );
        assert.deepEqual(failingApi({ pods: [pod({ hostNetwork: true }, "kube-system")] }), []);
        assert.deepEqual(failingApi({ pods: [pod(container({ ports: [{ hostPort: 80 }] }))] }), ["5.2.12"]);
        const token = { volumes: [{ projected: { sources: [{ serviceAccountToken: {} }] } }] };
        assert.deepEqual(failingApi({ pods: [pod(token)] }), ["5.1.5", "5.1.6"]);
        assert.deepEqual(failingApi({ pods: [pod({ ...token, serviceAccountName: "own" })] }), ["5.1.6"]);
    });

    it("ask for no key and no secret", () => {
        assert.doesNotMatch(question, /cat |ca\.key|\.key\b/);
    });
});
