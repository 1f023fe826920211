import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

import { sha256 } from "../../mirror/files";
import { hostArchitecture } from "../../setup/plan";

export interface RegistryServer {
    readonly port: number;
    /** Paths that were answered. */
    readonly answered: string[];
    close(): Promise<void>;
}

const digest = (content: Buffer) => `sha256:${sha256(content)}`;

/** As much of a registry as a pull needs, over TLS: every name has one image without a file in it. */
export async function registryServer(
    address: string,
    { certificate, key, login }: { readonly certificate: string; readonly key: string; readonly login?: string },
): Promise<RegistryServer> {
    const tar = Buffer.alloc(1024);
    const layer = gzipSync(tar);
    const config = Buffer.from(
        JSON.stringify({
            architecture: hostArchitecture(),
            os: "linux",
            config: {},
            rootfs: { type: "layers", diff_ids: [digest(tar)] },
        }),
    );
    const part = (mediaType: string, content: Buffer) => ({ mediaType, size: content.length, digest: digest(content) });
    const kind = "application/vnd.docker.distribution.manifest.v2+json";
    const manifest = Buffer.from(
        JSON.stringify({
            schemaVersion: 2,
            mediaType: kind,
            config: part("application/vnd.docker.container.image.v1+json", config),
            layers: [part("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)],
        }),
    );
    const answered: string[] = [];
    const server = https.createServer({ cert: certificate, key }, (request, response) => {
        const url = request.url!;
        const given = Buffer.from(request.headers.authorization?.replace("Basic ", "") ?? "", "base64").toString();
        if (login !== undefined && given !== login) {
            response.writeHead(401, { "www-authenticate": 'Basic realm="test"' }).end();
            return;
        }
        answered.push(url);
        const blob = [config, layer].find((content) => url.endsWith(`/blobs/${digest(content)}`));
        if (url.includes("/manifests/")) {
            const headers = { "content-type": kind, "docker-content-digest": digest(manifest) };
            response.writeHead(200, { ...headers, "content-length": manifest.length });
            response.end(request.method === "HEAD" ? undefined : manifest);
        } else if (blob || url === "/v2/") {
            response.writeHead(200, { "docker-distribution-api-version": "registry/2.0" }).end(blob ?? "{}");
        } else {
            response.writeHead(404).end();
        }
    });
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    return {
        port: (server.address() as AddressInfo).port,
        answered,
        close: () =>
            new Promise((resolve) => {
                server.close(() => resolve());
                server.closeAllConnections();
            }),
    };
}
