import { all, document, flags } from "../ask";
import type { Control } from "../control";
import type { Document } from "../facts";

/** Whether a rule names this resource of the core group, or of the group before the slash. */
const names = (rule: Document, resource: string) =>
    ((rule.resources ?? []) as { group: string; resources?: string[] }[]).some(({ resources }) =>
        resources?.includes(resource),
    );

/** 3: who logs in by what, and what is written down. */
export const configuration: readonly Control[] = [
    {
        id: "3.1.1",
        title: "People log in by something that can be taken back",
        asked: "nobody",
        exception:
            "There is no identity provider on machines of one's own. People get certificates that end by themselves, within hours where one wishes (`npm run kubeconfig -- --user NAME --ttl 8h`); an OIDC provider can be added to the API server's authentication.",
    },
    {
        id: "3.1.2",
        title: "People don't log in by tokens of accounts",
        asked: "nobody",
        exception:
            "No token for people is ever made, but for the add-on Headlamp, whose login knows nothing else: its account may only look, and its tokens live for an hour.",
    },
    {
        id: "3.1.3",
        title: "People don't log in by bootstrap tokens",
        asked: "nobody",
        exception:
            "A bootstrap token is made for each node that joins, lives for 30 minutes and may ask for a node's certificate, nothing else; no person ever sees it.",
    },
    {
        id: "3.2.1",
        title: "There is an audit policy",
        asked: "control planes",
        passes: "the API server has one",
        problems: all(
            flags("kube-apiserver", { "audit-policy-file": true }),
            document("auditPolicy", "the audit policy has no rules", ({ rules }) => rules?.length > 0),
        ),
    },
    {
        id: "3.2.2",
        title: "The audit policy has what matters",
        asked: "control planes",
        passes: "secrets, settings, tokens and ways into pods with who and when, never what is in them; every change",
        problems: document(
            "auditPolicy",
            "the audit policy leaves out secrets, ways into pods, or changes",
            (policy) => {
                const rules = policy.rules as Document[];
                const metadata = (resource: string) =>
                    rules.some((rule) => rule.level === "Metadata" && names(rule, resource));
                const last = rules[rules.length - 1];
                const sensitive = [
                    "secrets",
                    "configmaps",
                    "tokenreviews",
                    "pods/exec",
                    "pods/portforward",
                    "services/proxy",
                ];
                return sensitive.every(metadata) && last.level !== "None" && !last.resources;
            },
        ),
    },
];
