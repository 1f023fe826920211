/** The `connection` input of command:remote:*: its defaults and its validation. */
import type { CheckFailure } from "../provider";
import { UNKNOWN, type Value, type Values } from "../values";

/** How to reach a machine; the defaults are filled in by {@link withDefaults}. */
export interface Target {
    host: string;
    port: number;
    user: string;
    password?: string;
    privateKey?: string;
    privateKeyPassword?: string;
    agentSocketPath?: string;
    /** One line as in known_hosts without the name: "ssh-ed25519 AAAA…". Absent: any key is accepted. */
    hostKey?: string;
    /** Failed dials after which to give up; -1: never. */
    dialErrorLimit: number;
    /** Seconds for each dial; 0: no limit. */
    perDialTimeout: number;
}

/** A machine, maybe behind a bastion. */
export interface Connection extends Target {
    proxy?: Target;
}

/** As the genuine plugin's schema has them. */
const defaults = { port: 22, user: "root", dialErrorLimit: 10, perDialTimeout: 15 };

const types: Record<keyof Target, "string" | "number"> = {
    host: "string",
    port: "number",
    user: "string",
    password: "string",
    privateKey: "string",
    privateKeyPassword: "string",
    agentSocketPath: "string",
    hostKey: "string",
    dialErrorLimit: "number",
    perDialTimeout: "number",
};

/** `connection` with the defaults in the places the program left open. Unknown parts stay unknown. */
export function withDefaults(connection: Value): Value {
    if (connection === undefined || connection === UNKNOWN) return connection;
    const filled: Values = { ...defaults, ...connection };
    if (connection.proxy && connection.proxy !== UNKNOWN) filled.proxy = { ...defaults, ...connection.proxy };
    return filled;
}

/** What is wrong with a `connection`; `path` is where it stands. */
export function connectionFailures(connection: Value, path = "connection"): CheckFailure[] {
    if (connection === UNKNOWN) return [];
    if (connection === undefined || connection === null || typeof connection !== "object") {
        return [{ property: path, reason: `Missing required property '${path}'.` }];
    }
    const wrong = (Object.keys(types) as (keyof Target)[])
        .filter((key) => ![undefined, null, UNKNOWN].includes(connection[key]))
        .filter((key) => typeof connection[key] !== types[key])
        .map((key) => ({ property: `${path}.${key}`, reason: `'${path}.${key}' must be a ${types[key]}.` }));
    const host =
        connection.host === undefined || connection.host === ""
            ? [{ property: `${path}.host`, reason: `Missing required property '${path}.host'.` }]
            : [];
    const proxy = connection.proxy ? connectionFailures(connection.proxy, `${path}.proxy`) : [];
    return [...host, ...wrong, ...proxy];
}

/** user@host:port, for messages. */
export const describe = ({ user, host, port }: Target): string => `${user}@${host}:${port}`;
