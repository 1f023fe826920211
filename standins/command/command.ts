/** command:remote:Command: a command that is run on a machine when the resource is created, updated or deleted. */
import { randomBytes } from "node:crypto";
import { changes } from "../diff";
import type { CheckFailure, CheckResult, Context, ResourceHandler } from "../provider";
import { secret, UNKNOWN, type Values } from "../values";
import { connectionFailures, withDefaults } from "./connection";
import type { Pool } from "./pool";
import { run, type Printed } from "./run";

const loggings: Record<string, ("stdout" | "stderr")[]> = {
    stdout: ["stdout"],
    stderr: ["stderr"],
    stdoutAndStderr: ["stdout", "stderr"],
    none: [],
};

function failures(inputs: Values): CheckFailure[] {
    const found = connectionFailures(inputs.connection);
    for (const key of ["create", "update", "delete", "stdin"]) {
        if (![undefined, null, UNKNOWN].includes(inputs[key]) && typeof inputs[key] !== "string") {
            found.push({ property: key, reason: `'${key}' must be a string.` });
        }
    }
    if (typeof inputs.logging === "string" && !(inputs.logging in loggings)) {
        const known = Object.keys(loggings).join(", ");
        found.push({ property: "logging", reason: `'logging' must be one of ${known}, not '${inputs.logging}'.` });
    }
    return found;
}

/** The inputs that count: the engine's own properties left out. */
function relevant(inputs: Values): Values {
    return Object.fromEntries(Object.entries(inputs).filter(([key]) => key !== "version" && !key.startsWith("__")));
}

export function check(inputs: Values, found: CheckFailure[]): CheckResult {
    return { inputs: { ...inputs, connection: secret(withDefaults(inputs.connection)) }, failures: found };
}

/** Runs `command` with the inputs of `values`, and what it printed the last time in the environment. */
async function runWith(pool: Pool, command: string, values: Values, context: Context): Promise<Printed> {
    const logged = loggings[values.logging ?? "stdoutAndStderr"] ?? [];
    const previous = values.addPreviousOutputInEnv === false ? {} : values;
    const environment: Record<string, string> = { ...values.environment };
    if (previous.stdout) environment.PULUMI_COMMAND_STDOUT = previous.stdout;
    if (previous.stderr) environment.PULUMI_COMMAND_STDERR = previous.stderr;
    return run(
        pool,
        {
            connection: withDefaults(values.connection),
            command,
            stdin: values.stdin,
            environment,
            line: (stream, text) => logged.includes(stream) && context.status(text),
        },
        context,
    );
}

/** The handler; logins come from `pool`. */
export function commandHandler(pool: Pool): ResourceHandler {
    return {
        replaceOn: ["triggers"],
        check: ({ inputs }) => check(inputs, failures(inputs)),
        async create({ inputs }, context) {
            if (context.preview) return { id: "", outputs: { ...inputs, stdout: UNKNOWN, stderr: UNKNOWN } };
            const id = `${context.name}${randomBytes(4).toString("hex")}`;
            if (typeof inputs.create !== "string") return { id, outputs: { ...inputs, stdout: "", stderr: "" } };
            return { id, outputs: { ...inputs, ...(await runWith(pool, inputs.create, inputs, context)) } };
        },
        async update({ inputs, oldInputs, oldOutputs }, context) {
            const { stdout, stderr } = oldOutputs;
            if (context.preview) {
                const changed = Object.keys(changes(relevant(oldInputs), relevant(inputs))).length > 0;
                const printed = changed ? { stdout: UNKNOWN, stderr: UNKNOWN } : { stdout, stderr };
                return { outputs: { ...inputs, ...printed } };
            }
            const command = inputs.update ?? inputs.create;
            const values = { ...inputs, stdout, stderr };
            if (typeof command !== "string") return { outputs: values };
            return { outputs: { ...inputs, ...(await runWith(pool, command, values, context)) } };
        },
        async delete({ outputs }, context) {
            if (typeof outputs.delete === "string") await runWith(pool, outputs.delete, outputs, context);
        },
    };
}
