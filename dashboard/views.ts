/** What the page is told: plain values, chosen one by one. No object of the API goes there as it is. */
/** CPU in cores, memory in bytes. */
export interface Usage {
    readonly cpu: number;
    readonly memory: number;
}

export interface NodeView {
    readonly name: string;
    readonly roles: readonly string[];
    readonly state: "Ready" | "NotReady" | "Unknown";
    /** It takes no new pods. */
    readonly cordoned: boolean;
    /** Everything that isn't as it should be, as sentences: "MemoryPressure: …". */
    readonly problems: readonly string[];
    /** Names of all conditions, and whether each is as it should be. */
    readonly conditions: readonly { readonly name: string; readonly good: boolean }[];
    readonly addresses: readonly string[];
    readonly version: string;
    readonly runtime: string;
    readonly system: string;
    readonly kernel: string;
    readonly architecture: string;
    /** What pods may take of it. */
    readonly room: Usage & { readonly pods: number };
    readonly usage?: Usage;
    readonly pods: number;
    /** RFC 3339. */
    readonly since: string;
}

export interface PodView {
    readonly namespace: string;
    readonly name: string;
    readonly node: string;
    /** As kubectl says it: Running, Pending, CrashLoopBackOff, Completed … */
    readonly state: string;
    readonly health: "good" | "waiting" | "bad" | "done";
    /** "1/2": containers that are ready, of all. */
    readonly ready: string;
    readonly restarts: number;
    readonly address: string;
    readonly usage?: Usage;
    readonly since: string;
}

export interface ServiceView {
    readonly namespace: string;
    readonly name: string;
    readonly type: string;
    readonly address: string;
    /** Addresses outside the cluster. */
    readonly external: readonly string[];
    /** "80/TCP", "80:30080/TCP". */
    readonly ports: readonly string[];
    readonly since: string;
}

export interface EventView {
    readonly at: string;
    readonly type: string;
    readonly reason: string;
    /** "Pod default/web". */
    readonly about: string;
    readonly message: string;
    readonly count: number;
}

export interface ClusterView {
    readonly at: string;
    readonly nodes: readonly NodeView[];
    readonly pods: readonly PodView[];
    readonly services: readonly ServiceView[];
    /** The newest first. */
    readonly events: readonly EventView[];
    /** Why there is no resource use; absent: there is. */
    readonly noMetrics?: string;
}

/** Lines over time, one for each node. */
export interface GraphView {
    readonly id: string;
    readonly title: string;
    readonly unit: string;
    /** One value for each time; null: none. */
    readonly series: readonly { readonly node: string; readonly values: readonly (number | null)[] }[];
}

export type GraphsView =
    { readonly times: readonly number[]; readonly graphs: readonly GraphView[] } | { readonly off: string };

/** What Slipway manages. */
export interface ManagedView {
    readonly stack: string;
    readonly endpoint: string;
    readonly versions: Readonly<Record<string, string>>;
    readonly certificates: readonly { readonly name: string; readonly ends: string }[];
    readonly addons: readonly DeployedView[];
    readonly workloads: readonly DeployedView[];
}

export interface DeployedView {
    readonly name: string;
    readonly url?: string;
}

export interface DriftView {
    readonly at: string;
    /** "hex-n1: …", "Deployment default/web: …"; empty: nothing has drifted. */
    readonly changes: readonly { readonly where: string; readonly what: string }[];
    /** What couldn't be looked at. */
    readonly unseen: readonly string[];
}
