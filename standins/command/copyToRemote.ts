/** command:remote:CopyToRemote: a file or folder that is copied to a machine when its content changes. */
import { randomBytes } from "node:crypto";
import type { CheckFailure, Context, ResourceHandler } from "../provider";
import { Archive, Asset, UNKNOWN, type Values } from "../values";
import { check } from "./command";
import { connectionFailures, withDefaults } from "./connection";
import { copy } from "./copy";
import type { Pool } from "./pool";

function failures({ connection, source, remotePath }: Values): CheckFailure[] {
    const found = connectionFailures(connection);
    const isFile = source instanceof Asset || source instanceof Archive;
    if (source !== UNKNOWN && !isFile) {
        found.push({ property: "source", reason: "'source' must be an asset or an archive." });
    }
    if (source instanceof Archive && source.source.path === undefined) {
        found.push({ property: "source", reason: "'source' must be a FileArchive: other archives can't be copied." });
    }
    if (source instanceof Asset && source.source.path === undefined && source.source.uri !== undefined) {
        found.push({ property: "source", reason: "'source' must be a FileAsset or StringAsset, not a remote one." });
    }
    if (remotePath !== UNKNOWN && (typeof remotePath !== "string" || remotePath === "")) {
        found.push({ property: "remotePath", reason: "Missing required property 'remotePath'." });
    }
    return found;
}

const hashOf = (values: Values): string | undefined => (values.source as Asset | Archive).source.hash;

/** The handler; logins come from `pool`. There is no delete: what was copied stays. */
export function copyToRemoteHandler(pool: Pool): ResourceHandler {
    const send = ({ connection, source, remotePath }: Values, context: Context) =>
        pool.use(withDefaults(connection), context, (client) => copy(client, source.source, remotePath));
    return {
        replaceOn: ["triggers"],
        check: ({ inputs }) => check(inputs, failures(inputs)),
        async create({ inputs }, context) {
            if (context.preview) return { id: "", outputs: inputs };
            await send(inputs, context);
            return { id: randomBytes(4).toString("hex"), outputs: inputs };
        },
        /** Only content and path count: another host gets nothing (put the host into `triggers`). */
        async update({ inputs, oldOutputs }, context) {
            const changed = hashOf(inputs) !== hashOf(oldOutputs) || inputs.remotePath !== oldOutputs.remotePath;
            if (!context.preview && changed) await send(inputs, context);
            return { outputs: inputs };
        },
    };
}
