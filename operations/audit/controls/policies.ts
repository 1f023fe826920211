import { document } from "../ask";
import type { ApiControl, Control, Exception } from "../control";
import type { ApiFacts, BindingFact, Document, PodFact, RoleFact } from "../facts";

const api = (id: string, title: string, passes: string, problems: ApiControl["problems"]): Control => ({
    id: `5.${id}`,
    title,
    asked: "API",
    passes,
    problems,
});
const exception = (id: string, title: string, why: string): Exception => ({
    id: `5.${id}`,
    title,
    asked: "nobody",
    exception: why,
});

/** Made by Kubernetes itself. */
const builtIn = ({ metadata }: { metadata: RoleFact["metadata"] }) =>
    metadata.labels?.["kubernetes.io/bootstrapping"] === "rbac-defaults" || metadata.name.startsWith("system:");
const where = ({ metadata: { name, namespace } }: Pick<RoleFact, "metadata">) =>
    namespace ? `${namespace}/${name}` : name;

/** Whoever has logged in, or hasn't even, belongs to these. */
const everybody = ["system:anonymous", "system:authenticated", "system:serviceaccounts", "system:unauthenticated"];

function ruleSets({ clusterRoles, roles }: ApiFacts, { metadata, roleRef }: BindingFact) {
    const known = roleRef.kind === "ClusterRole" ? clusterRoles : roles;
    return known
        .filter((role) => role.metadata.name === roleRef.name)
        .filter((role) => roleRef.kind === "ClusterRole" || role.metadata.namespace === metadata.namespace)
        .flatMap(({ rules }) => rules ?? []);
}

/** Bindings that give everybody one of these verbs on one of these resources. */
function givenToEverybody(facts: ApiFacts, verbs: readonly string[], resources: readonly string[]): string[] {
    const has = (list: readonly string[] | undefined, wanted: readonly string[]) =>
        !!list?.some((one) => one === "*" || wanted.includes(one));
    return [...facts.clusterRoleBindings, ...facts.roleBindings]
        .filter(({ subjects }) => subjects?.some(({ name }) => everybody.includes(name)))
        .filter((binding) =>
            ruleSets(facts, binding).some((rule) => has(rule.verbs, verbs) && has(rule.resources, resources)),
        )
        .map(
            (binding) =>
                `the binding ${where(binding)} gives everybody ${verbs.join(" or ")} on ${resources.join(", ")}`,
        );
}

const nobodys = (id: string, what: string, verbs: readonly string[], ...resources: readonly string[]): Control =>
    api(`1.${id}`, `${what} is no right that everybody has`, "no group that everybody belongs to has it", (facts) =>
        givenToEverybody(facts, verbs, resources),
    );

const containersOf = ({ spec }: PodFact): Document[] => [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
const mountsToken = ({ spec }: PodFact) =>
    ((spec.volumes ?? []) as Document[]).some(({ projected }) =>
        projected?.sources?.some((source: Document) => source.serviceAccountToken),
    );
const named = ({ metadata: { namespace, name } }: PodFact) => `the pod ${namespace}/${name}`;
const slipways = ({ metadata }: PodFact) => metadata.labels?.["app.kubernetes.io/part-of"] === "slipway";

/** Namespaces that are held to a level. */
function held({ namespaces, pods }: ApiFacts): PodFact[] {
    const free = namespaces
        .filter(({ metadata }) => metadata.labels?.["pod-security.kubernetes.io/enforce"] === "privileged")
        .map(({ metadata }) => metadata.name);
    return pods.filter(({ metadata }) => ![...free, "kube-system"].includes(metadata.namespace));
}

/** What `baseline` refuses; pods that were there before it was on would be seen. */
const refused = (id: string, title: string, has: (pod: PodFact) => boolean): Control =>
    api(
        `2.${id}`,
        title,
        "`baseline` refuses it, and no pod outside of namespaces labelled `privileged` has it",
        (facts) => held(facts).filter(has).map(named),
    );

const warned = (id: string, title: string): Exception =>
    exception(
        `2.${id}`,
        title,
        "`restricted` refuses it; that is enforced in each add-on's and sample's namespace that can bear it, and elsewhere warned of and written to the audit log, for most images from the internet would not start. `cluster.podSecurity: restricted` enforces it everywhere.",
    );

const accounts = ({ clusterRoleBindings, roleBindings }: ApiFacts) =>
    new Set(
        [...clusterRoleBindings, ...roleBindings].flatMap(({ subjects, metadata }) =>
            (subjects ?? [])
                .filter(({ kind }) => kind === "ServiceAccount")
                .map(({ name, namespace }) => `${namespace ?? metadata.namespace}/${name}`),
        ),
    );

/** 5: rights, pods, networks. */
export const policies: readonly Control[] = [
    api(
        "1.1",
        "Who may do everything",
        "only Kubernetes' own binding names cluster-admin; without a credential the API answers 401 or 403",
        (facts) => [
            ...[...facts.clusterRoleBindings, ...facts.roleBindings]
                .filter(
                    ({ roleRef, metadata }) => roleRef.name === "cluster-admin" && metadata.name !== "cluster-admin",
                )
                .map((binding) => `the binding ${where(binding)} gives cluster-admin`),
            ...([401, 403].includes(facts.anonymous) ? [] : [`an anonymous request got ${facts.anonymous}`]),
        ],
    ),
    nobodys("2", "Reading secrets", ["get", "list", "watch"], "secrets"),
    api(
        "1.3",
        "Roles name what they allow",
        "no role but Kubernetes' own allows everything on everything",
        ({ clusterRoles, roles }) =>
            [...clusterRoles, ...roles]
                .filter((role) => !builtIn(role))
                .filter(({ rules }) =>
                    rules?.some(({ verbs, resources }) => verbs.includes("*") && resources?.includes("*")),
                )
                .map((role) => `the role ${where(role)} allows everything`),
    ),
    nobodys("4", "Making pods", ["create"], "pods"),
    api(
        "1.5",
        "No pod uses an account that it has by chance",
        "no pod has a token of an account `default`",
        ({ pods }) =>
            pods
                .filter((pod) => (pod.spec.serviceAccountName ?? "default") === "default" && mountsToken(pod))
                .map((pod) => `${named(pod)} has a token of the account default`),
    ),
    api("1.6", "Tokens only where they are of use", "a pod that has a token has rights by it", (facts) =>
        facts.pods
            .filter((pod) => mountsToken(pod))
            .filter((pod) => !accounts(facts).has(`${pod.metadata.namespace}/${pod.spec.serviceAccountName}`))
            .map((pod) => `${named(pod)} has a token that gives no rights`),
    ),
    exception(
        "1.7",
        "Nobody belongs to system:masters",
        "The operator's own certificate does: somebody has to bind the first role, and no role can lock him out. Everybody else gets a kubeconfig of another group (`npm run kubeconfig -- --user NAME --group GROUP`).",
    ),
    nobodys(
        "8",
        "Giving oneself rights",
        ["bind", "escalate", "impersonate"],
        "clusterroles",
        "roles",
        "users",
        "groups",
        "serviceaccounts",
    ),
    nobodys("9", "Making volumes of the machine's", ["create"], "persistentvolumes"),
    nobodys("10", "Going through the API to kubelets", ["get", "create"], "nodes/proxy"),
    nobodys("11", "Approving certificates", ["update", "patch"], "certificatesigningrequests/approval"),
    nobodys(
        "12",
        "Changing what admission asks",
        ["create", "update", "patch"],
        "mutatingwebhookconfigurations",
        "validatingwebhookconfigurations",
    ),
    nobodys("13", "Making tokens of accounts", ["create"], "serviceaccounts/token"),
    {
        id: "5.2.1",
        title: "Pods are held to something",
        asked: "control planes",
        passes: "`baseline` or `restricted` is enforced by default, and only kube-system is left out",
        problems: document("admission", "no level of Pod Security is enforced by default", ({ plugins }) => {
            const { configuration } = (plugins as Document[]).find(({ name }) => name === "PodSecurity") ?? {};
            const { defaults, exemptions } = (configuration ?? {}) as Document;
            const left = [
                ...(exemptions?.namespaces ?? []),
                ...(exemptions?.usernames ?? []),
                ...(exemptions?.runtimeClasses ?? []),
            ];
            return ["baseline", "restricted"].includes(defaults?.enforce) && left.every((one) => one === "kube-system");
        }),
    },
    refused("2", "No privileged containers", (pod) =>
        containersOf(pod).some(({ securityContext }) => securityContext?.privileged),
    ),
    refused("3", "No pods that see the machine's processes", ({ spec }) => !!spec.hostPID),
    refused("4", "No pods in the machine's IPC", ({ spec }) => !!spec.hostIPC),
    refused("5", "No pods in the machine's network", ({ spec }) => !!spec.hostNetwork),
    warned("6", "No more rights than at the start"),
    warned("7", "No root in containers"),
    warned("8", "No raw sockets"),
    warned("9", "No capabilities"),
    refused("10", "No host processes of Windows", (pod) =>
        containersOf(pod).some(({ securityContext }) => securityContext?.windowsOptions?.hostProcess),
    ),
    refused("11", "No folders of the machine", ({ spec }) =>
        ((spec.volumes ?? []) as Document[]).some(({ hostPath }) => hostPath),
    ),
    refused("12", "No ports of the machine", (pod) =>
        containersOf(pod).some(({ ports }) => ((ports ?? []) as Document[]).some(({ hostPort }) => hostPort)),
    ),
    exception(
        "3.1",
        "The network keeps pods apart where it is told to",
        "flannel doesn't. Where it matters: `network.backend: none` and a network that does; [network.md](network.md) says how.",
    ),
    exception("3.2", "Each namespace has network policies", "They would be without effect on flannel (5.3.1)."),
    {
        id: "5.4.1",
        title: "Secrets are files, no variables",
        asked: "API",
        passes: "no pod of an add-on's has a secret in its environment",
        exception:
            "The sample services take the key of their tokens from a variable, as programs of their kind do. What else runs is yours to judge.",
        problems: ({ pods }) =>
            pods
                .filter((pod) => slipways(pod) && pod.metadata.labels?.["app.kubernetes.io/component"] !== "sample")
                .filter((pod) =>
                    containersOf(pod).some(
                        ({ env, envFrom }) =>
                            ((env ?? []) as Document[]).some(({ valueFrom }) => valueFrom?.secretKeyRef) ||
                            ((envFrom ?? []) as Document[]).some(({ secretRef }) => secretRef),
                    ),
                )
                .map(named),
    },
    exception(
        "4.2",
        "Secrets may live elsewhere",
        "There is no such place on machines of one's own; secrets are encrypted in etcd (1.2.27).",
    ),
    exception(
        "5.1",
        "Where images come from",
        "The digest of each image of Slipway's is pinned and checked before a node loads it. What else runs is yours to judge.",
    ),
    exception(
        "6.1",
        "Namespaces part what doesn't belong together",
        "Each add-on and sample application has its own, but for the two first ones (5.6.4). What else runs is yours to part.",
    ),
    {
        id: "5.6.2",
        title: "System calls of pods are filtered",
        asked: "nodes",
        passes: "a pod that says nothing has the runtime's seccomp profile",
        problems: document(
            "kubelet",
            "pods have no seccomp profile by default",
            ({ seccompDefault }) => seccompDefault === true,
        ),
    },
    api(
        "6.3",
        "Pods say what they don't need",
        "each container of Slipway's outside of namespaces labelled `privileged` can't gain rights",
        (facts) =>
            held(facts)
                .filter(slipways)
                .filter((pod) =>
                    containersOf(pod).some(
                        ({ securityContext }) => securityContext?.allowPrivilegeEscalation !== false,
                    ),
                )
                .map(named),
    ),
    exception(
        "6.4",
        "Nothing runs in `default`",
        "`my-nginx` and `hello-kube` do, for people who try a cluster look there first; they are held to what `restricted` asks. Leave them out of `workloads`, and it is empty.",
    ),
];
