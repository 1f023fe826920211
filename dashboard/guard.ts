import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** What of a request decides whether it is answered. */
export interface Asked {
    readonly method?: string;
    readonly headers: IncomingHttpHeaders;
    /** Whether it asks for something of the cluster. The page's own files hold nothing, and come without the token. */
    readonly data: boolean;
}

/** Why a request is refused. */
export interface Refusal {
    readonly status: 401 | 403 | 405 | 421;
    readonly problem: string;
}

/**
 * Whether a request comes from the page that was opened with the secret address; undefined when it does.
 *
 * - Only GET: nothing here changes anything.
 * - The name that was asked for must be this machine's: a foreign one that points here is DNS rebinding.
 * - No other website may ask, even without being told the answer.
 * - The token stands in the page's memory, not in a cookie: cookies of 127.0.0.1 go to every port of it, whoever
 *   listens there.
 */
export function refuse({ method, headers, data }: Asked, port: number, token: string): Refusal | undefined {
    if (method !== "GET") return { status: 405, problem: "This page only shows: ask with GET." };
    const host = headers.host ?? "";
    if (host !== `127.0.0.1:${port}` && host !== `localhost:${port}`) {
        return { status: 421, problem: `Nothing is served under the name "${host.slice(0, 100)}".` };
    }
    const site = headers["sec-fetch-site"];
    const origin = headers.origin;
    const foreign = (site !== undefined && site !== "same-origin" && site !== "none") || foreignOrigin(origin, host);
    // A link may lead to the page; it may not lead to data.
    if (foreign && (data || headers["sec-fetch-mode"] !== "navigate")) {
        return { status: 403, problem: "Other websites get no answer." };
    }
    if (data && !sameText(headers.authorization ?? "", `Bearer ${token}`)) {
        return {
            status: 401,
            problem: "The token is missing or wrong: open the address that `slipway dashboard` said.",
        };
    }
    return undefined;
}

const foreignOrigin = (origin: string | undefined, host: string) => origin !== undefined && origin !== `http://${host}`;

/** Compares in a time that tells nothing about where two texts differ. */
function sameText(a: string, b: string): boolean {
    const [one, other] = [Buffer.from(a), Buffer.from(b)];
    return one.length === other.length && timingSafeEqual(one, other);
}

/** Sent with every answer. Nothing from elsewhere runs or is loaded, and nobody frames the page or keeps a copy. */
export const safeHeaders: Readonly<Record<string, string>> = {
    "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
};
