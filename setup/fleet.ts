import type { Settings } from "../components/config/schema";
import { trustedBy } from "../components/pki/generations";
import type { StateResource } from "./stack";

/**
 * Pulumi writes the whole state after each step, which costs the square of their number. Up to so many nodes that is
 * some seconds, and kill -9 loses nothing; beyond them it takes longer than the work itself (bench/RESULTS.md).
 */
export const nodesWithCheckpoints = 30;

/** One run of `pulumi up`. */
export interface EngineRun {
    /** What it is called on the screen. */
    readonly phase: string;
    /** The program's folder, below the checkout. */
    readonly folder: string;
    /** Added to the command line. */
    readonly words: readonly string[];
    /** Added to the environment. */
    readonly env: Readonly<Record<string, string>>;
}

export interface FleetQuestion {
    readonly stack: string;
    readonly project: string;
    readonly settings: Pick<Settings, "cluster" | "lab" | "nodes">;
    /** What the state holds; asked only when it matters. */
    resources(): Promise<readonly Pick<StateResource, "urn">[]>;
    /** What the user hands on to Pulumi. */
    readonly rest: readonly string[];
}

/** Whether the state is written once, at the end. Never for a lab: its containers can't be made a second time. */
export function skipsCheckpoints({ settings, rest }: Pick<FleetQuestion, "settings" | "rest">): boolean {
    // Who names resources may mean the authorities, and those few steps are no burden.
    const chosen = rest.some((word) => /^(-t|--target|--replace|--target-replace)(=|$)/.test(word));
    return settings.lab === undefined && settings.nodes.length > nodesWithCheckpoints && !chosen;
}

/**
 * How `up` is run so that it stays linear and safe against kill -9. A large fleet's keys are made and saved first, for
 * they must not be made twice; everything else may be applied again, and is done without checkpoints.
 */
export async function engineRuns(question: FleetQuestion): Promise<EngineRun[]> {
    const { settings, rest } = question;
    if (!skipsCheckpoints(question)) return [{ phase: "Cluster", folder: "", words: rest, env: {} }];
    const known = (await question.resources()).map(({ urn }) => urn.slice(urn.lastIndexOf("::") + 2));
    const saved = lastingKeys(settings.cluster).every((name) => known.includes(name));
    const targets = pkiTargets(question).flatMap((urn) => ["--target", urn]);
    const first = { phase: "Certificates", folder: "setup/keys", words: targets, env: {} };
    const env = { PULUMI_SKIP_CHECKPOINTS: "true", PULUMI_EXPERIMENTAL: "1" };
    return [...(saved ? [] : [first]), { phase: "Cluster", folder: "", words: rest, env }];
}

type Lasting = Pick<Settings["cluster"], "name" | "certificates" | "serviceAccounts" | "encryption">;

/** Names of what a cluster stands on; made anew, every node would have to be built anew. */
export function lastingKeys({ name, certificates, serviceAccounts, encryption }: Lasting): string[] {
    return [
        ...trustedBy(certificates).flatMap((generation) =>
            ["cluster", "etcd", "front-proxy"].flatMap((authority) =>
                ["key", "certificate"].map((part) => `${name}-pki-${authority}-ca-g${generation}-${part}`),
            ),
        ),
        ...trustedBy(serviceAccounts).map((generation) => `${name}-pki-service-account-g${generation}`),
        `${name}-pki-encryption-g${encryption.root}`,
    ];
}

/**
 * The PKI of the generations in use, for --target, so that all else in the state stays. An older one isn't meant: what it
 * signed is in use until everything else is done. "**" stands for anything.
 */
export function pkiTargets({ stack, project, settings }: Pick<FleetQuestion, "stack" | "project" | "settings">) {
    const { name, certificates, serviceAccounts, encryption } = settings.cluster;
    const cluster = `urn:pulumi:${stack}::${project}::slipway:index:Cluster`;
    const pki = `${cluster}$slipway:pki:Pki`;
    return [
        `${cluster}::${name}`,
        `${pki}::${name}-pki`,
        ...trustedBy(certificates).flatMap((generation) => {
            const ofGeneration = `${pki}$**::${name}-pki-**-g${generation}`;
            return [ofGeneration, `${ofGeneration}-*`];
        }),
        // By name: what an older authority of the same number signed may be on its way out.
        ...trustedBy(serviceAccounts).map((generation) => `${pki}$**::${name}-pki-service-account-g${generation}`),
        `${pki}$**::${name}-pki-encryption-g${encryption.root}`,
    ];
}
