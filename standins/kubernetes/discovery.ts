/** Which kinds an API server serves, and where. */
import type { Client } from "./client";
import { isNotFound, UnknownKindError } from "./errors";

/** A kind, as its API server has it. */
export interface ServedKind {
    apiVersion: string;
    kind: string;
    /** The resource's name in paths, such as "deployments". */
    plural: string;
    namespaced: boolean;
}

interface ResourceList {
    resources: { name: string; kind: string; namespaced: boolean }[];
}

/** Kinds of Kubernetes' own groups that live outside of namespaces; all others of these groups live in one. */
const clusterScoped = new Set(
    (
        "APIService CSIDriver CSINode CertificateSigningRequest ClusterRole ClusterRoleBinding ClusterTrustBundle " +
        "ComponentStatus CustomResourceDefinition DeviceClass FlowSchema IPAddress IngressClass " +
        "MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration Namespace Node " +
        "PersistentVolume PriorityClass PriorityLevelConfiguration ResourceSlice RuntimeClass SelfSubjectAccessReview " +
        "SelfSubjectReview SelfSubjectRulesReview ServiceCIDR StorageClass StorageVersion StorageVersionMigration " +
        "SubjectAccessReview TokenReview ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding " +
        "ValidatingWebhookConfiguration VolumeAttachment VolumeAttributesClass"
    ).split(" "),
);

const ownGroups = new Set(
    ["", "apps", "autoscaling", "batch", "policy"].concat(
        ["admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization", "certificates"]
            .concat(["coordination", "discovery", "events", "flowcontrol.apiserver", "internal.apiserver"])
            .concat(["networking", "node", "rbac.authorization", "resource", "scheduling", "storage"])
            .concat(["storagemigration"])
            .map((name) => `${name}.k8s.io`),
    ),
);

/** The group of an apiVersion: "apps" of "apps/v1", "" of "v1". */
export const groupOf = (apiVersion: string): string =>
    apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";

/** Whether Kubernetes itself brings an apiVersion's kinds. */
export const isOwn = (apiVersion: string): boolean => ownGroups.has(groupOf(apiVersion));

const baseOf = (apiVersion: string): string =>
    apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

/** The path of a kind's objects, or of one of them. */
export function pathOf(served: ServedKind, namespace: string | undefined, name?: string): string {
    const scope = served.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
    const object = name === undefined ? "" : `/${encodeURIComponent(name)}`;
    return `${baseOf(served.apiVersion)}${scope}/${served.plural}${object}`;
}

/** An answer younger than this is not asked for again when a kind is missing in it. Milliseconds. */
const freshFor = 100;

/** Asks an API server, once for each apiVersion; again only for a kind that wasn't there. */
export class Discovery {
    private readonly lists = new Map<string, { at: number; list: Promise<ResourceList> }>();

    constructor(private readonly client: Client) {}

    /** Where a kind is served. Throws UnknownKindError. */
    async find(apiVersion: string, kind: string): Promise<ServedKind> {
        const known = this.lists.get(apiVersion);
        const found = known && (await this.lookUp(known.list, kind));
        const fresh = known && Date.now() - known.at < freshFor;
        const entry = found ?? (fresh ? undefined : await this.lookUp(this.fetch(apiVersion), kind));
        if (!entry) throw new UnknownKindError(apiVersion, kind);
        return { apiVersion, kind, plural: entry.name, namespaced: entry.namespaced };
    }

    /** Whether a kind's objects live in namespaces. Without an answer: yes. */
    async isNamespaced(apiVersion: string, kind: string): Promise<boolean> {
        return (await isNamespacedOwn(apiVersion, kind)) ?? (await this.find(apiVersion, kind)).namespaced;
    }

    private fetch(apiVersion: string): Promise<ResourceList> {
        const list = this.client.request<ResourceList>("GET", baseOf(apiVersion)).catch((error) => {
            if (isNotFound(error)) return { resources: [] };
            this.lists.delete(apiVersion);
            throw error;
        });
        this.lists.set(apiVersion, { at: Date.now(), list });
        return list;
    }

    private async lookUp(list: Promise<ResourceList>, kind: string) {
        const { resources } = await list;
        return resources.find((resource) => resource.kind === kind && !resource.name.includes("/"));
    }
}

/** As isNamespaced, without asking; undefined for kinds that are not Kubernetes' own. */
export function isNamespacedOwn(apiVersion: string, kind: string): boolean | undefined {
    return isOwn(apiVersion) ? !clusterScoped.has(kind) : undefined;
}
