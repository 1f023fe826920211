import { Failure } from "./failure";

/** For whom a kubeconfig is, and for how long. */
export interface KubeconfigUser {
    readonly name: string;
    readonly groups: readonly string[];
    /** Seconds until the certificate ends; 600 at least, which is Kubernetes' own limit. */
    readonly seconds: number;
}

/** What Kubernetes keeps for itself: https://kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-subjects */
const reserved = /^system:/;

const shortest = 600;

/**
 * Reads the options of `slipway kubeconfig` that ask for another user's.
 *
 * @param values "--user", "--group" (names with commas between), "--ttl" (such as 30m, 8h, 7d; 8h by default)
 * @returns undefined when none of them was given
 * @throws Failure that lists every problem.
 */
export function readUser(values: Readonly<Record<string, string>> = {}): KubeconfigUser | undefined {
    const { "--user": name, "--group": list, "--ttl": ttl = "8h" } = values;
    if (name === undefined) {
        if (list !== undefined || values["--ttl"] !== undefined) {
            throw new Failure("--group and --ttl are for another user's kubeconfig: say whose with --user NAME.");
        }
        return undefined;
    }
    const groups = list === undefined ? [] : list.split(",");
    const units: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86400 };
    const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(ttl) ?? [];
    const seconds = Number(count) * units[unit];
    const problems = [
        ...[name, ...groups]
            .filter((word) => !/^[\w.@:+-]{1,64}$/.test(word))
            .map((word) => `"${word}" is no name of a user or a group: letters, digits and . _ @ : + -, 64 at most.`),
        ...[name, ...groups]
            .filter((word) => reserved.test(word))
            .map((word) => `${word}: names that begin with "system:" are Kubernetes' own.`),
        ...(unit === undefined ? [`--ttl can't be "${ttl}": it is a number and m, h or d, such as 8h.`] : []),
        ...(seconds < shortest
            ? [`--ttl ${ttl} is too short: Kubernetes makes no certificate for less than 10m.`]
            : []),
    ];
    if (problems.length > 0) throw new Failure(problems.join("\n"));
    return { name, groups, seconds };
}
