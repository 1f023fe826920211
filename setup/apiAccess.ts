import * as fs from "node:fs";
import * as https from "node:https";
import { parse } from "yaml";
import { Client } from "../standins/kubernetes/client";
import type { Token } from "../dashboard/credential";
import { isNotFound } from "../standins/kubernetes/errors";
import { Failure } from "./failure";
import { kubeconfigFile, kubeconfigOf, readOutputs } from "./outputs";
import type { Prepared } from "./prepare";

/** What a connection to the API takes, as the kubeconfig that this program makes has it. */
export interface ApiAccess {
    /** "https://HOST:PORT". */
    readonly server: string;
    readonly ca?: Buffer;
    /** The name to check the server's certificate against, where it isn't the host of `server`. */
    readonly servername?: string;
    /** The administrator's client certificate and its key. */
    readonly cert?: Buffer;
    readonly key?: Buffer;
}

/** Reads our own kubeconfig (components/render/kubeconfig.ts), without the client library, which takes a second to load. */
export function accessOf(kubeconfig: string): ApiAccess {
    const { clusters, users } = parse(kubeconfig) as Kubeconfig;
    const [{ cluster }] = clusters;
    const [{ user }] = users;
    const decode = (data: string | undefined) => (data === undefined ? undefined : Buffer.from(data, "base64"));
    return {
        server: cluster.server,
        ca: decode(cluster["certificate-authority-data"]),
        servername: cluster["tls-server-name"],
        cert: decode(user["client-certificate-data"]),
        key: decode(user["client-key-data"]),
    };
}

/** What may differ from one connection to the next. */
export interface ClientOptions {
    /** Connections at the same time. Default 8. */
    readonly connections?: number;
    /** Asked before each request: a bearer token, which takes the place of the client certificate. */
    readonly token?: () => Promise<string>;
}

/** A client of the API. With a token, the administrator's certificate isn't even given to it. */
export function apiClient(access: ApiAccess, options: ClientOptions = {}): Client {
    const { server, ca, servername, cert, key } = access;
    const { connections = 8, token } = options;
    const identity = token ? {} : { cert, key };
    const agent = new https.Agent({ ca, servername, ...identity, maxSockets: connections });
    return new Client({
        getCurrentCluster: () => ({ name: "slipway", skipTLSVerify: false, server }),
        applyToHTTPSOptions: async (request) => {
            Object.assign(request, { agent });
            if (token) request.headers = { ...request.headers, authorization: `Bearer ${await token()}` };
        },
    });
}

/** The operator's kubeconfig: what the last `up` left is there at once, else the stack's outputs have it. */
export async function operatorKubeconfig(stack: string, prepare: () => Promise<Prepared>): Promise<string> {
    const file = kubeconfigFile(stack);
    return fs.existsSync(file)
        ? fs.readFileSync(file, "utf8")
        : kubeconfigOf(await readOutputs(await prepare()), stack);
}

/** Seconds that a token for looking lives. */
const tokenSeconds = 3600;

/**
 * A token of a service account that lives for an hour and is kept nowhere.
 *
 * @param access the administrator's
 * @param remedy what makes an account that isn't there: "`npm run up`"
 * @throws Failure when there is no such account.
 */
export async function tokenFor(
    access: ApiAccess,
    account: { readonly namespace: string; readonly name: string },
    remedy: string,
): Promise<Token> {
    const client = apiClient(access);
    const path = `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`;
    const body = {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { expirationSeconds: tokenSeconds },
    };
    try {
        const { status } = await client.request<TokenRequest>("POST", path, { body, timeout: 5000 });
        return { token: status.token, ends: Date.parse(status.expirationTimestamp) };
    } catch (error) {
        if (!isNotFound(error)) throw error;
        const name = `${account.namespace}/${account.name}`;
        throw new Failure(`The cluster has no service account ${name} to look with: ${remedy} makes it.`);
    } finally {
        client.close();
    }
}

interface TokenRequest {
    readonly status: { readonly token: string; readonly expirationTimestamp: string };
}

interface Kubeconfig {
    readonly clusters: readonly {
        readonly cluster: {
            readonly server: string;
            readonly "certificate-authority-data"?: string;
            readonly "tls-server-name"?: string;
        };
    }[];
    readonly users: readonly {
        readonly user: { readonly "client-certificate-data"?: string; readonly "client-key-data"?: string };
    }[];
}
