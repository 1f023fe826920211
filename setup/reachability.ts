import * as http from "node:http";
import * as https from "node:https";

/** What Slipway would fetch from, each by a small file that is known to be there. */
export const sites = {
    pulumi: "https://get.pulumi.com/install.sh",
    kubernetes: "https://dl.k8s.io/release/stable.txt",
    releases: "https://github.com/etcd-io/etcd/releases/latest",
    images: "https://registry.k8s.io/v2/",
} as const;

export type Site = keyof typeof sites;
export type Reachability = Readonly<Record<Site, boolean>>;

/** Nothing waits longer than this for a site that isn't there. */
export const patience = 3000;

/** Asks all sites at once; an answer after `patience` is none. Only an answer that isn't a refusal counts. */
export async function probeSites(answers = statusOf, limit = patience): Promise<Reachability> {
    const ask = async (url: string): Promise<boolean> => {
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<number>((resolve) => (timer = setTimeout(() => resolve(0), limit)));
        const status = await Promise.race([answers(url, limit).catch(() => 0), late]);
        clearTimeout(timer);
        return (status >= 200 && status < 400) || status === 401;
    };
    const names = Object.keys(sites) as Site[];
    const found = await Promise.all(names.map(async (name) => [name, await ask(sites[name])] as const));
    return Object.fromEntries(found) as Record<Site, boolean>;
}

/** In words, for the screen. */
export function describe(reachable: Reachability): string {
    const names = Object.keys(sites) as Site[];
    const host = (name: Site) => new URL(sites[name]).host;
    const yes = names.filter((name) => reachable[name]).map(host);
    const no = names.filter((name) => !reachable[name]).map(host);
    if (no.length === 0) return `${yes.join(", ")} can be reached`;
    if (yes.length === 0) return `${no.join(", ")} can't be reached`;
    return `${yes.join(", ")} can be reached, ${no.join(", ")} can't`;
}

/** The HTTP status of a HEAD request. Behind a proxy (HTTPS_PROXY): whether the proxy goes there. */
function statusOf(url: string, limit: number): Promise<number> {
    const proxy = process.env.HTTPS_PROXY ?? process.env.https_proxy;
    return new Promise((resolve, reject) => {
        const request = proxy
            ? http.request(proxy, { method: "CONNECT", path: `${new URL(url).host}:443`, timeout: limit })
            : https.request(url, { method: "HEAD", timeout: limit, agent: false });
        request.on("connect", (response, socket) => {
            socket.destroy();
            resolve(response.statusCode ?? 0);
        });
        request.on("response", (response) => {
            response.destroy();
            resolve(response.statusCode ?? 0);
        });
        request.on("timeout", () => request.destroy(new Error("no answer")));
        request.on("error", reject);
        request.end();
    });
}
