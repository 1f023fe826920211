import * as fs from "node:fs";
import { parse, stringify } from "yaml";
import { mergeKubeconfig, usersKubeconfig } from "./mergeKubeconfig";

interface Kubeconfig {
    readonly clusters: readonly { name: string; cluster: Record<string, unknown> }[];
    readonly users: readonly { name: string; user: Record<string, unknown> }[];
    readonly contexts: readonly unknown[];
}

/**
 * Where the user's own kubeconfig has a copy of an operator's, it follows to the new one; what else stands there stays,
 * its current context too. Returns the file where it was changed.
 *
 * @param before the operator's as the copy was made of it
 */
export function renewCopy(before: string, after: string, file = usersKubeconfig()): string | undefined {
    if (!fs.existsSync(file)) return undefined;
    const [old, news] = [parse(before) as Kubeconfig, parse(after) as Kubeconfig];
    const theirs = parse(fs.readFileSync(file, "utf8")) as Partial<Kubeconfig> | null;
    const has = (list: "clusters" | "users", value: (entry: never) => unknown) => {
        const [ours] = old[list];
        const found = (theirs?.[list] ?? []).find(({ name }) => name === ours.name);
        return found !== undefined && value(found as never) === value(ours as never);
    };
    const authority = ({ cluster }: Kubeconfig["clusters"][number]) => cluster["certificate-authority-data"];
    const certificate = ({ user }: Kubeconfig["users"][number]) => user["client-certificate-data"];
    if (!has("clusters", authority)) return undefined;
    // Somebody else's certificate may stand under this name.
    const { clusters, users } = news;
    const added = has("users", certificate) ? { clusters, users } : { clusters };
    return mergeKubeconfig(file, stringify(added)).changed ? file : undefined;
}
