import { createHash } from "node:crypto";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { gzipSync } from "node:zlib";

import { artifacts, forArchitecture, images, type Versions } from "../../../mirror/catalogue";

/** A server that looks like everything upstream publishes for some versions: files, sums, and registries with tokens. */
export interface FakeUpstream {
    /** What stands before `<host>/<path>`. */
    readonly prefix: string;
    /** Answers by path; change them to make upstream misbehave. */
    readonly answers: Map<string, Buffer>;
    /** Paths asked for, in order. */
    readonly requests: string[];
    close(): Promise<void>;
}

export const digest = (data: Buffer) => createHash("sha256").update(data).digest("hex");

const indexType = "application/vnd.oci.image.index.v1+json";
const manifestType = "application/vnd.oci.image.manifest.v1+json";

export async function fakeUpstream(versions: Versions): Promise<FakeUpstream> {
    const answers = new Map<string, Buffer>();
    const requests: string[] = [];
    for (const artifact of Object.values(artifacts(versions))) {
        const content = Buffer.from(`${artifact.name} for amd64\n`);
        const file = artifact.path("amd64");
        answers.set(file, content);
        if (artifact.checksums) {
            const sums = forArchitecture(artifact.checksums, "amd64");
            const bare = sums.startsWith("dl.k8s.io");
            const line = bare
                ? digest(content)
                : `${"0".repeat(64)}  other\n${digest(content)}  ${path.basename(file)}\n`;
            answers.set(sums, Buffer.from(line));
        }
    }
    for (const image of Object.values(images(versions))) {
        const host = image.repository.split("/")[0];
        const base = `${image.repository.replace(host, host === "docker.io" ? "registry-1.docker.io" : host)}`;
        const [server, ...name] = base.split("/");
        addImage(answers, `${server}/v2/${name.join("/")}`, image.tag);
    }
    const server = http.createServer((request, response) => {
        const url = new URL(request.url ?? "/", "http://upstream");
        const key = url.pathname.slice(1);
        requests.push(key);
        if (key === "token") {
            response.end(JSON.stringify({ token: `for ${url.searchParams.get("scope")}` }));
        } else if (
            key.startsWith("ghcr.io/") &&
            request.headers.authorization !== "Bearer for repository:flannel:pull"
        ) {
            const realm = `http://${request.headers.host}/token`;
            const challenge = `Bearer realm="${realm}",service="ghcr.io",scope="repository:flannel:pull"`;
            response.writeHead(401, { "www-authenticate": challenge }).end();
        } else {
            const content = answers.get(key);
            response.writeHead(content ? 200 : 404).end(content);
        }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
        prefix: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
        answers,
        requests,
        close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
    };
}

/** An index of two platforms, a manifest for amd64, its configuration and a layer that it names twice. */
function addImage(answers: Map<string, Buffer>, base: string, tag: string): void {
    const layer = gzipSync(Buffer.from(`layer of ${base}`));
    const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", base }));
    const describe = (data: Buffer, mediaType: string) => ({
        mediaType,
        digest: `sha256:${digest(data)}`,
        size: data.length,
    });
    const layers = [describe(layer, "layer"), describe(layer, "layer")];
    const manifest = Buffer.from(
        JSON.stringify({ mediaType: manifestType, config: describe(config, "config"), layers }),
    );
    const manifests = [
        { ...describe(Buffer.from("other"), manifestType), platform: { os: "linux", architecture: "arm64" } },
        { ...describe(manifest, manifestType), platform: { os: "linux", architecture: "amd64" } },
    ];
    answers.set(`${base}/manifests/${tag}`, Buffer.from(JSON.stringify({ mediaType: indexType, manifests })));
    answers.set(`${base}/manifests/sha256:${digest(manifest)}`, manifest);
    answers.set(`${base}/blobs/sha256:${digest(config)}`, config);
    answers.set(`${base}/blobs/sha256:${digest(layer)}`, layer);
}
