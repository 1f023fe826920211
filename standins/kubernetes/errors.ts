/** What can go wrong between us and an API server. */

/** An answer of the API server that says no. `reason` is one of the API's words: NotFound, AlreadyExists, Conflict, … */
export class ApiError extends Error {
    constructor(
        readonly code: number,
        readonly reason: string,
        message: string,
        /** The kind of resource that the answer is about, in lower case and plural. */
        readonly about = "",
        /** Seconds after which the server wants to be asked again. */
        readonly retryAfter?: number,
    ) {
        super(message);
    }
}

/** The API server doesn't serve a kind: its CustomResourceDefinition isn't there (yet). */
export class UnknownKindError extends Error {
    constructor(apiVersion: string, kind: string) {
        super(
            `The API server has no kind ${kind} in ${apiVersion}. If a CustomResourceDefinition brings it, ` +
                `create that first and let this resource depend on it.`,
        );
    }
}

/** There is no API server to talk to. */
export class UnreachableError extends Error {}

const has = (error: unknown, reason: string): boolean => error instanceof ApiError && error.reason === reason;

export const isNotFound = (error: unknown): boolean =>
    has(error, "NotFound") || (error instanceof ApiError && error.code === 404);
export const isAlreadyExists = (error: unknown): boolean => has(error, "AlreadyExists");
export const isConflict = (error: unknown): boolean => has(error, "Conflict");
export const isForbidden = (error: unknown): boolean => has(error, "Forbidden");
export const isInvalid = (error: unknown): boolean => has(error, "Invalid");

/** The object's namespace isn't there. */
export const isMissingNamespace = (error: unknown): boolean =>
    isNotFound(error) && (error as ApiError).about === "namespaces";

/** What an error says, as text. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
