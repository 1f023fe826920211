import { serviceAccountIssuer } from "../../../components/render/apiserver";
import { tlsCipherSuites } from "../../../components/render/tls";
import { all, document, flags, listed } from "../ask";
import type { Control, NodeControl } from "../control";

const unit = "kube-apiserver";

/** A control that is a question on flags of the API server. */
function asks(
    id: string,
    title: string,
    passes: string,
    wanted: Parameters<typeof flags>[1] | NodeControl["problems"],
): Control {
    const problems = typeof wanted === "function" ? wanted : flags(unit, wanted);
    return { id: `1.2.${id}`, title, asked: "control planes", passes, problems };
}

/** At least this much. */
const atLeast = (least: number) => (is: string) => Number(is) >= least;
const number = (flag: string, least: number): NodeControl["problems"] => {
    const enough = atLeast(least);
    return ({ processes }) => {
        const value = processes[unit]?.flags[flag];
        return value !== undefined && enough(value) ? [] : [`--${flag} is ${value ?? "not set"}`];
    };
};

const health = ["/healthz", "/livez", "/readyz"];

/** 1.2: how the API server was started. */
export const apiserver: readonly Control[] = [
    {
        id: "1.2.1",
        title: "Nobody is anonymous",
        asked: "control planes",
        passes: "requests without a credential are let through to /livez, /readyz and /healthz and to nothing else",
        exception:
            "Load balancers and the gates of `up` ask for health without a credential; every other path answers 401, which the API is asked for, too (5.1.1).",
        problems: document("authentication", "anonymous requests reach more than health", ({ anonymous }) => {
            const conditions = (anonymous?.conditions ?? []) as { path: string }[];
            return (
                anonymous?.enabled === false ||
                (conditions.length > 0 && conditions.every(({ path }) => health.includes(path)))
            );
        }),
    },
    asks("2", "No tokens from a file", "no --token-auth-file", { "token-auth-file": undefined }),
    {
        id: "1.2.3",
        title: "External addresses of services",
        asked: "nobody",
        exception:
            "Services with external IPs are wanted: `hello-kube` answers on a node's address without a load balancer. Who may make services in a namespace may claim an address: give that right to whom you trust, or use the add-on MetalLB.",
    },
    asks("4", "The API server shows kubelets a certificate", "its certificate and key are named", {
        "kubelet-client-certificate": true,
        "kubelet-client-key": true,
    }),
    asks("5", "Kubelets are checked", "their certificates are checked against the cluster's authority", {
        "kubelet-certificate-authority": true,
    }),
    asks(
        "6",
        "Not everything is allowed",
        "AlwaysAllow is no mode",
        listed(unit, "authorization-mode", [], ["AlwaysAllow"]),
    ),
    asks("7", "Nodes may do what is theirs", "the mode Node is on", listed(unit, "authorization-mode", ["Node"])),
    asks("8", "Rights by role", "the mode RBAC is on", listed(unit, "authorization-mode", ["RBAC"])),
    asks(
        "9",
        "Events are limited",
        "EventRateLimit is on",
        listed(unit, "enable-admission-plugins", ["EventRateLimit"]),
    ),
    asks(
        "10",
        "Admission asks at all",
        "AlwaysAdmit is off",
        listed(unit, "enable-admission-plugins", [], ["AlwaysAdmit"]),
    ),
    {
        id: "1.2.11",
        title: "Images are pulled anew for each pod",
        asked: "nobody",
        exception:
            "Images come to nodes as archives of a known digest and are in no registry that a pull could ask; a pull would fail.",
    },
    asks(
        "12",
        "Pods get an account",
        "ServiceAccount isn't switched off",
        listed(unit, "disable-admission-plugins", [], ["ServiceAccount"]),
    ),
    asks(
        "13",
        "Nothing is made in a namespace that goes",
        "NamespaceLifecycle isn't switched off",
        listed(unit, "disable-admission-plugins", [], ["NamespaceLifecycle"]),
    ),
    asks(
        "14",
        "A node changes only itself",
        "NodeRestriction is on",
        listed(unit, "enable-admission-plugins", ["NodeRestriction"]),
    ),
    asks("15", "No profiling", "it is off", { profiling: "false" }),
    asks("16", "There is an audit log", "it has a path", { "audit-log-path": true }),
    asks("17", "How long it is kept", "30 days or more", number("audit-log-maxage", 30)),
    asks("18", "How many old files are kept", "10 or more", number("audit-log-maxbackup", 10)),
    asks("19", "How large a file gets", "100 MB or more", number("audit-log-maxsize", 100)),
    asks("20", "A request ends some time", "the limit is 60 s", { "request-timeout": /^(60s|1m0s)$/ }),
    asks("21", "Tokens of what is gone are refused", "each token's account and pod are looked up", {
        "service-account-lookup": "true",
    }),
    asks("22", "Tokens are checked by a key of their own", "the key is named", { "service-account-key-file": true }),
    asks("23", "etcd knows the API server", "its certificate and key for etcd are named", {
        "etcd-certfile": true,
        "etcd-keyfile": true,
    }),
    asks("24", "Whoever calls sees a certificate", "certificate and key are named", {
        "tls-cert-file": true,
        "tls-private-key-file": true,
    }),
    asks("25", "Clients' certificates are checked", "the authority is named", { "client-ca-file": true }),
    asks("26", "etcd is checked", "its authority is named", { "etcd-cafile": true }),
    asks("27", "Secrets are encrypted at rest", "there is a configuration for it", {
        "encryption-provider-config": true,
    }),
    asks(
        "28",
        "By what they are encrypted",
        "secretbox writes; what is not encrypted is only read",
        ({ encryption }) =>
            encryption[0] === "secretbox" ? [] : [`secrets are written by ${encryption[0] ?? "nothing"}`],
    ),
    asks(
        "29",
        "Only modern ciphers",
        "TLS 1.2 or newer with forward secrecy",
        all(
            flags(unit, { "tls-min-version": /^VersionTLS1[23]$/ }),
            listed(unit, "tls-cipher-suites", [...tlsCipherSuites]),
            ({ processes }) =>
                (processes[unit]?.flags["tls-cipher-suites"] ?? "")
                    .split(",")
                    .filter((suite) => !(tlsCipherSuites as readonly string[]).includes(suite))
                    .map((suite) => `the cipher suite ${suite} is on`),
        ),
    ),
    asks("30", "Tokens end when they say", "a pod's token isn't good for a year", {
        "service-account-extend-token-expiration": "false",
        "service-account-max-token-expiration": true,
        "service-account-issuer": new RegExp(`^${serviceAccountIssuer("")}`),
    }),
];
