interface Given {
    readonly cluster: unknown;
    readonly nodes: unknown;
}

/** Everything in which registries contradict themselves, or ask of docker what it can't do. Pure. */
export function registryProblems({ cluster, nodes }: Given): string[] {
    const { registries, runtime } = fieldsOf(cluster);
    const runtimes = listOf(nodes).map((node) => node.runtime ?? runtime ?? "docker");
    const all = listOf(registries);
    const hosts = all.map(({ host }) => host);
    return all.flatMap(({ host, username, password, mirrors }, index) => {
        const at = `cluster.registries[${index}]`;
        const mirrored = Array.isArray(mirrors) && mirrors.length > 0;
        return [
            ...(hosts.indexOf(host) < index ? [`${at}.host ${String(host)} is there twice.`] : []),
            ...((username === undefined) === (password === undefined)
                ? []
                : [`${at} needs a username and a password, or neither.`]),
            ...(mirrored && host !== "docker.io" && runtimes.includes("docker")
                ? [`${at}.mirrors: docker knows mirrors of docker.io only, and a node runs docker.`]
                : []),
        ];
    });
}

const listOf = (raw: unknown) => (Array.isArray(raw) ? raw.map(fieldsOf) : []);

function fieldsOf(raw: unknown): Record<string, unknown> {
    return typeof raw === "object" && raw !== null ? (raw as Record<string, unknown>) : {};
}
