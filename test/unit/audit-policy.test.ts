import assert from "node:assert/strict";

import { parse } from "yaml";

import { auditing } from "../../components/render";

interface Rule {
    readonly level: string;
    readonly users?: readonly string[];
    readonly userGroups?: readonly string[];
    readonly verbs?: readonly string[];
    readonly resources?: readonly { readonly group: string; readonly resources?: readonly string[] }[];
    readonly nonResourceURLs?: readonly string[];
}

interface Asked {
    readonly user?: string;
    readonly group?: string;
    readonly verb: string;
    readonly apiGroup?: string;
    readonly resource: string;
}

const file = auditing().find((entry) => entry.kind === "file");
const { rules } = parse((file as { content: string }).content) as { rules: Rule[] };

/** As the API server does: the first rule that fits. */
function levelOf({ user = "anna", group = "system:authenticated", verb, apiGroup = "", resource }: Asked): string {
    const fits = (rule: Rule) =>
        !rule.nonResourceURLs &&
        (!rule.users || rule.users.includes(user)) &&
        (!rule.userGroups || rule.userGroups.includes(group)) &&
        (!rule.verbs || rule.verbs.includes(verb)) &&
        (!rule.resources ||
            rule.resources.some((one) => one.group === apiGroup && (one.resources?.includes(resource) ?? true)));
    return rules.find(fits)!.level;
}

const node = { user: "system:node:hex-n1", group: "system:nodes" };
const account = {
    user: "system:serviceaccount:kube-system:job-controller",
    group: "system:serviceaccounts:kube-system",
};

describe("the audit policy", () => {
    it("never writes down what is in a secret, a setting or a token, and tells who touched it", () => {
        for (const resource of ["secrets", "configmaps", "serviceaccounts/token", "pods/exec"]) {
            for (const verb of ["get", "create", "patch"]) assert.equal(levelOf({ verb, resource }), "Metadata");
        }
        assert.equal(levelOf({ ...node, verb: "get", resource: "secrets" }), "Metadata");
        const review = { verb: "create", apiGroup: "authentication.k8s.io", resource: "tokenreviews" };
        assert.equal(levelOf({ ...node, ...review }), "Metadata");
    });

    it("writes down what was asked for where something changes, and only that of groups without secrets", () => {
        assert.equal(levelOf({ verb: "create", resource: "pods" }), "Request");
        const binding = { apiGroup: "rbac.authorization.k8s.io", resource: "clusterrolebindings" };
        assert.equal(levelOf({ ...account, ...binding, verb: "patch" }), "Request");
        assert.equal(levelOf({ verb: "create", apiGroup: "example.org", resource: "vaults" }), "Metadata");
        assert.equal(levelOf({ verb: "list", resource: "pods" }), "Metadata");
    });

    it("is silent on what components do all the time", () => {
        const leases = { apiGroup: "coordination.k8s.io", resource: "leases" };
        assert.equal(levelOf({ ...node, ...leases, verb: "update" }), "None");
        assert.equal(levelOf({ ...node, verb: "watch", resource: "pods" }), "None");
        assert.equal(levelOf({ ...account, verb: "list", resource: "pods" }), "None");
        assert.equal(levelOf({ verb: "create", resource: "events" }), "None");
        assert.equal(levelOf({ ...leases, verb: "update" }), "Metadata");
    });
});
