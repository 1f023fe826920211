import type { ClusterSettings } from "../config/schema";
import { paths } from "../inventory/paths";
import type { FileEntry, Fragment } from "./entries";
import { json } from "./text";

/** Whom docker trusts for a registry; it looks at each pull: https://docs.docker.com/engine/security/certificates/ */
export function dockerRegistries({ registries }: ClusterSettings): FileEntry[] {
    return registries.flatMap(({ host, authority }) =>
        authority === undefined
            ? []
            : [{ kind: "file", path: `/etc/docker/certs.d/${host}/ca.crt`, content: authority }],
    );
}

/** Fields of docker's daemon.json. */
export function dockerMirrors({ registries }: ClusterSettings): Record<string, unknown> {
    const mirrors = registries.find(({ host }) => host === "docker.io")?.mirrors ?? [];
    return mirrors.length === 0 ? {} : { "registry-mirrors": mirrors };
}

/** Where containerd asks for a registry's images: https://github.com/containerd/containerd/blob/main/docs/hosts.md */
export function containerdRegistries({ registries }: ClusterSettings): FileEntry[] {
    return registries.flatMap(({ host, mirrors, authority }) => {
        if (mirrors.length === 0 && authority === undefined) {
            return [];
        }
        const folder = `/etc/containerd/certs.d/${host}`;
        const server = host === "docker.io" ? "https://registry-1.docker.io" : `https://${host}`;
        const certificate: FileEntry[] =
            authority === undefined ? [] : [{ kind: "file", path: `${folder}/ca.crt`, content: authority }];
        const own = certificate.map(({ path }) => [`[host."${server}"]`, `ca = "${path}"`]);
        const others = mirrors.map((mirror) => [`[host."${mirror}"]`, 'capabilities = ["pull", "resolve"]']);
        const text = [[`server = "${server}"`], ...others, ...own].map((lines) => lines.join("\n")).join("\n\n");
        return [{ kind: "file", path: `${folder}/hosts.toml`, content: `${text}\n` }, ...certificate];
    });
}

/** What the kubelet signs in with when it has an image pulled: https://kubernetes.io/docs/concepts/containers/images/ */
export function registryCredentials({ registries }: ClusterSettings): Fragment {
    const known = registries.flatMap(({ host, username, password }) =>
        username === undefined
            ? []
            : [[host === "docker.io" ? "https://index.docker.io/v1/" : host, `${username}:${password}`] as const],
    );
    if (known.length === 0) {
        return [];
    }
    const auths = known.map(([host, login]) => [host, { auth: Buffer.from(login).toString("base64") }]);
    const content = json({ auths: Object.fromEntries(auths) });
    return [
        { kind: "directory", path: paths.kubelet, mode: "0700" },
        { kind: "file", path: `${paths.kubelet}/config.json`, mode: "0600", content },
    ];
}
