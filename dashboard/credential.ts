/** A token as the API makes it: https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/ */
export interface Token {
    readonly token: string;
    /** Milliseconds since 1970. */
    readonly ends: number;
}

/** What a token must still have before it, in milliseconds. */
const margin = 15 * 60_000;

/** Hands out a token that lives for a quarter of an hour at least, and makes another one when it must. */
export function keepFresh(make: () => Promise<Token>, now: () => number = Date.now): () => Promise<string> {
    let current: Token | undefined;
    let making: Promise<Token> | undefined;
    return async () => {
        if (current === undefined || current.ends - now() < margin) {
            making ??= make().finally(() => (making = undefined));
            current = await making;
        }
        return current.token;
    };
}
