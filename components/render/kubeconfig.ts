import { yaml } from "./text";

/** A file's path on the machine where the kubeconfig is used, or its PEM text to embed. */
export type Material = { readonly file: string } | { readonly pem: string };

export interface KubeconfigArgs {
    /** Name of cluster, user, context and current-context. */
    readonly name: string;
    /** https://host:port */
    readonly server: string;
    /** The name to check the server's certificate against, where it isn't the host of `server`. */
    readonly serverName?: string;
    readonly authority: Material;
    /** A client certificate, or a token. */
    readonly user: { readonly certificate: Material; readonly key: Material } | { readonly token: string };
}

/** Text of a kubeconfig: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ */
export function kubeconfig({ name, server, serverName, authority, user }: KubeconfigArgs): string {
    return yaml({
        apiVersion: "v1",
        kind: "Config",
        clusters: [
            {
                name,
                cluster: {
                    server,
                    ...(serverName && { "tls-server-name": serverName }),
                    ...material("certificate-authority", authority),
                },
            },
        ],
        users: [
            {
                name,
                user:
                    "token" in user
                        ? { token: user.token }
                        : {
                              ...material("client-certificate", user.certificate),
                              ...material("client-key", user.key),
                          },
            },
        ],
        contexts: [{ name, context: { cluster: name, user: name } }],
        "current-context": name,
    });
}

function material(field: string, value: Material): Record<string, string> {
    return "file" in value ? { [field]: value.file } : { [`${field}-data`]: Buffer.from(value.pem).toString("base64") };
}
