import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";

interface Options {
    readonly certificate: string;
    readonly key: string;
    /** The one who may do everything. */
    readonly login: { readonly access: string; readonly secret: string };
    readonly region: string;
    readonly bucket: string;
    /** Default: this machine alone reaches it. */
    readonly address?: string;
    /** Default: a free one. */
    readonly port?: number;
    /** Names in one page of a list. Default: 1000, as everywhere. */
    readonly page?: number;
    /** Whether a request is answered at all, once its signature was found right. */
    readonly gate?: (request: IncomingMessage) => Promise<void>;
}

const sha256 = (content: string | Buffer) => createHash("sha256").update(content).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** As much of S3 as copies of snapshots need, over TLS, in memory. It checks every signature as the real one does. */
export class S3Server {
    /** Names below the bucket. */
    readonly objects = new Map<string, Buffer>();
    /** "METHOD path status" of every request. */
    readonly log: string[] = [];
    private readonly server: https.Server;

    private constructor(private readonly options: Options) {
        const { certificate: cert, key } = options;
        this.server = https.createServer({ cert, key }, async (request, response) => {
            const chunks: Buffer[] = [];
            for await (const chunk of request) chunks.push(chunk as Buffer);
            const body = Buffer.concat(chunks);
            const refusal = this.refusal(request, body);
            if (!refusal) await options.gate?.(request);
            const [status, text] = refusal ? [403, error(...refusal)] : this.answer(request, body);
            this.log.push(`${request.method} ${request.url} ${status}`);
            response.writeHead(status, { "content-type": "application/xml" }).end(text);
        });
    }

    static async start(options: Options): Promise<S3Server> {
        const started = new S3Server(options);
        await new Promise<void>((resolve) =>
            started.server.listen(options.port ?? 0, options.address ?? "127.0.0.1", resolve),
        );
        return started;
    }

    get port(): number {
        return (this.server.address() as AddressInfo).port;
    }

    async stop(): Promise<void> {
        this.server.closeAllConnections();
        await new Promise((resolve) => this.server.close(resolve));
    }

    /** What is wrong with a request. https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
    private refusal({ headers, method, url = "" }: IncomingMessage, body: Buffer): [string, string] | undefined {
        const { login, region } = this.options;
        const [, access, day, named, list, signature] =
            /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
                headers.authorization ?? "",
            ) ?? [];
        if (access === undefined) return ["AccessDenied", "Access Denied."];
        if (access !== login.access) return ["InvalidAccessKeyId", "The access key Id is not known."];
        if (named !== region) return ["AuthorizationHeaderMalformed", `The region is ${region}.`];
        const date = String(headers["x-amz-date"]);
        const time = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
        if (!(Math.abs(Date.now() - time) < 900_000)) return ["RequestTimeTooSkewed", "The clocks differ too much."];
        const unsigned = Object.keys(headers).filter((name) => name.startsWith("x-amz-") && !list.includes(name));
        if (unsigned.length > 0) return ["AccessDenied", `Not signed: ${unsigned.join(", ")}.`];
        const [path, query = ""] = url.split("?");
        const request = [
            method,
            path,
            query.split("&").sort().join("&"),
            ...list.split(";").map((name) => `${name}:${String(headers[name]).trim()}`),
            "",
            list,
            headers["x-amz-content-sha256"],
        ].join("\n");
        const scope = `${day}/${named}/s3/aws4_request`;
        const key = [day, named, "s3", "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${login.secret}`);
        const expected = hmac(key, ["AWS4-HMAC-SHA256", date, scope, sha256(request)].join("\n")).toString("hex");
        if (signature !== expected) return ["SignatureDoesNotMatch", "Check your key and signing method."];
        return headers["x-amz-content-sha256"] === sha256(body)
            ? undefined
            : ["XAmzContentSHA256Mismatch", "What came has another digest."];
    }

    private answer({ method, url = "" }: IncomingMessage, body: Buffer): [number, string | Buffer] {
        const { pathname, searchParams } = new URL(url, "https://store");
        const [, bucket, ...rest] = pathname.split("/");
        const name = rest.join("/");
        if (bucket !== this.options.bucket) return [404, error("NoSuchBucket", `There is no bucket ${bucket}.`)];
        if (method === "PUT") {
            this.objects.set(name, body);
            return [200, ""];
        }
        if (method === "DELETE") {
            this.objects.delete(name);
            return [204, ""];
        }
        if (name !== "") {
            const found = this.objects.get(name);
            return found ? [200, found] : [404, error("NoSuchKey", "The specified key does not exist.")];
        }
        return [200, this.list(searchParams)];
    }

    private list(query: URLSearchParams): string {
        const [prefix, after] = [query.get("prefix") ?? "", query.get("start-after") ?? ""];
        const names = [...this.objects.keys()].filter((name) => name.startsWith(prefix) && name > after).sort();
        const page = names.slice(0, this.options.page ?? 1000);
        const contents = page.map(
            (name) =>
                `<Contents><Key>${name}</Key><ETag>&quot;x&quot;</ETag><Size>${this.objects.get(name)!.length}</Size></Contents>`,
        );
        return (
            `<?xml version="1.0"?>\n<ListBucketResult><Prefix>${prefix}</Prefix>` +
            `<IsTruncated>${page.length < names.length}</IsTruncated>${contents.join("")}</ListBucketResult>`
        );
    }
}

const error = (code: string, message: string) =>
    `<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
