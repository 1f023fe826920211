import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

/** A secret of a run, in one of the forms in which it could show somewhere. */
export interface Needle {
    /** What it is a part of: "cluster-ca". */
    readonly of: string;
    readonly text: string;
}

interface Resource {
    readonly urn: string;
    readonly inputs?: unknown;
    readonly outputs?: unknown;
}

/** How Pulumi marks a secret in an exported state (`sdk/go/common/resource/properties.go`). */
const secretMark = "4dabf18193072939515e22adb298388d";

/**
 * Every key, token and password in a state that was exported with `--show-secrets`, in all of its forms.
 *
 * Secret texts such as manifests hold certificates, too, which are nobody's secret: what counts is picked out.
 */
export function needlesOf(exported: { deployment: { resources?: readonly Resource[] } }): Needle[] {
    const texts = (exported.deployment.resources ?? []).flatMap(({ urn, inputs, outputs }) => {
        const of = urn.slice(urn.lastIndexOf("::") + 2);
        return [...secretTexts(inputs), ...secretTexts(outputs)].map((text) => ({ of, text }));
    });
    return unique(texts.flatMap(({ of, text }) => needlesIn(of, text)));
}

/** All texts below something secret. */
function secretTexts(value: unknown, secret = false): string[] {
    if (typeof value === "string") return secret ? [value] : [];
    if (typeof value !== "object" || value === null) return [];
    if (secretMark in value && "plaintext" in value) return secretTexts(JSON.parse(String(value.plaintext)), true);
    return Object.values(value).flatMap((inner) => secretTexts(inner, secret));
}

/** The first line of each key of OpenSSH's is the same. */
const openSshHeader = /^b3BlbnNzaC1rZXktdjEA/;

/** What is secret in a text: private keys, bootstrap tokens, passwords, keys for secrets at rest. */
export function needlesIn(of: string, text: string): Needle[] {
    // A kubeconfig has its key in base64.
    const inner = [...text.matchAll(/client-key-data: *"?([\w+/=]+)/g)].map(([, data]) => fromBase64(data));
    const keys = [text, ...inner].flatMap((one) => [
        ...one.matchAll(/PRIVATE KEY-----[\s|]+([\w+/=]+)(?:[\s|]+([\w+/=]+))?/g),
    ]);
    // The first line holds the secret number (OpenSSH's later ones); the last ones the public key, as certificates do.
    const lines = keys.map(([, first, second]) => (openSshHeader.test(first) ? (second ?? "") : first));
    const tokens = [...text.matchAll(/(?<![\w.])[a-z0-9]{6}\.[a-z0-9]{16}(?![\w.])/g)].map(([token]) => token.slice(7));
    const atRest = [...text.matchAll(/^ *secret: *"?([\w+/=]{40,})/gm)].map(([, key]) => key);
    // Secrets that are derived from a key, such as redis' password.
    const derived = [...text.matchAll(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g)].map(([hex]) => hex);
    const plain = [...tokens, ...atRest, ...(text.includes("CERTIFICATE") ? [] : derived)];
    return unique(
        [...lines, ...plain, ...[...lines, ...plain].flatMap(inBase64)].map((needle) => ({ of, text: needle })),
    );
}

const fromBase64 = (data: string) => Buffer.from(data, "base64").toString("latin1");

/** The three ways in which base64 of something longer may show it; its ends depend on the neighbours. */
function inBase64(text: string): string[] {
    return [0, 1, 2].map((before) =>
        Buffer.from("x".repeat(before) + text)
            .toString("base64")
            .slice(before === 0 ? 0 : 4, -4),
    );
}

function unique(needles: readonly Needle[]): Needle[] {
    const long = needles.filter(({ text }) => text.length >= 16);
    return [...new Map(long.map((needle) => [needle.text, needle])).values()];
}

/** Whose secrets a text shows: each once. */
export function found(needles: readonly Needle[], text: string): string[] {
    return [...new Set(needles.filter((needle) => text.includes(needle.text)).map(({ of }) => of))].sort();
}

/** Everything that is in the files of a folder, one after the other. */
export function filesBelow(folder: string): string {
    const entries = fs.readdirSync(folder, { withFileTypes: true, recursive: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map(({ parentPath, name }) => fs.readFileSync(path.join(parentPath, name), "latin1")).join("\n");
}

/** Looks at the arguments and environments of all processes of nodes, again and again, until `end` gives what it saw. */
export function watchProcesses(nodes: readonly string[]): { end(): Promise<string> } {
    const look = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | sort -u";
    const seen = new Set<string>();
    const watchers = nodes.map((node) => {
        const child = spawn("docker", ["exec", node, "sh", "-c", `while ${look}; do sleep 0.3; done`]);
        let rest = "";
        child.stdout.on("data", (chunk: Buffer) => {
            const lines = (rest + chunk.toString("latin1")).split("\n");
            rest = lines.pop() ?? "";
            lines.forEach((line) => seen.add(line));
        });
        return child;
    });
    return {
        async end() {
            const ended = watchers.map((child) => new Promise((resolve) => child.once("close", resolve)));
            watchers.forEach((child) => child.kill());
            await Promise.all(ended);
            return [...seen].join("\n");
        },
    };
}
