/** A process of a unit, as it runs. */
export interface Process {
    /** The account it runs under. */
    readonly user: string;
    /** Its long flags without the dashes; a flag alone is "true". */
    readonly flags: Readonly<Record<string, string>>;
    /** Of etcd: what it takes its settings from, ETCD_… variables. */
    readonly variables: Readonly<Record<string, string>>;
}

export interface FileFact {
    readonly path: string;
    /** Permissions as a number: 0o600. */
    readonly mode: number;
    /** USER:GROUP. */
    readonly owner: string;
    readonly directory: boolean;
}

/** What a machine says of itself in one answer. No secret is among it. */
export interface NodeFacts {
    readonly name: string;
    readonly controlPlane: boolean;
    /** By unit, without ".service"; only what runs. */
    readonly processes: Readonly<Record<string, Process>>;
    readonly files: readonly FileFact[];
    /** Parsed configuration files, by name; undefined where there is none. */
    readonly kubelet?: Document;
    readonly kubeProxy?: Document;
    readonly admission?: Document;
    readonly auditPolicy?: Document;
    readonly authentication?: Document;
    /** Names of the providers that encrypt secrets at rest, the one that writes first. */
    readonly encryption: readonly string[];
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- YAML as it stands on a machine
export type Document = Record<string, any>;

interface Metadata {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
}

interface Rule {
    readonly verbs: readonly string[];
    readonly apiGroups?: readonly string[];
    readonly resources?: readonly string[];
}

export interface RoleFact {
    readonly metadata: Metadata;
    readonly rules?: readonly Rule[] | null;
}

export interface BindingFact {
    readonly metadata: Metadata;
    readonly roleRef: { readonly kind: string; readonly name: string };
    readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

export interface PodFact {
    readonly metadata: Metadata & { readonly namespace: string };
    readonly spec: Document;
}

/** What the API says of itself. */
export interface ApiFacts {
    readonly namespaces: readonly { readonly metadata: Metadata }[];
    readonly clusterRoles: readonly RoleFact[];
    readonly roles: readonly RoleFact[];
    readonly clusterRoleBindings: readonly BindingFact[];
    readonly roleBindings: readonly BindingFact[];
    readonly pods: readonly PodFact[];
    /** Status of a request for /api without any credential. */
    readonly anonymous: number;
}
