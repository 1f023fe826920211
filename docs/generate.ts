// Writes docs/config.md, the reference of every key under `slipway:`, from the schemas that check them, and
// docs/security.md from the controls that `npm run audit` asks for, the table of ports in docs/network.md, and the README's
// chart from bench/RESULTS.md.
//
//     npx tsx docs/generate.ts            writes them
//     npx tsx docs/generate.ts --check    exits with 1 when one is stale
import * as fs from "node:fs";
import * as path from "node:path";

import { z } from "zod";

import { resultsChart } from "../bench/chart";
import { addonsSchema } from "../components/config/addons";
import { clusterSchema, imageSchema, nodeSchema, settingsSchema, sshSchema } from "../components/config/schema";
import { workloadsSchema } from "../components/config/workloads";
import { supportedVersions } from "../components/config/versions";
import { labSchema } from "../lab/config";
import { defaultVersions } from "../mirror/catalogue";
import { securityDocument } from "../operations/audit/document";
import { networkDocument } from "./ports";

export const configReference = path.join(__dirname, "config.md");
const networkPage = path.join(__dirname, "network.md");

interface Section {
    readonly title: string;
    readonly intro: string;
    readonly schema: z.ZodObject;
    /** What the schema doesn't say of a key, or says in words that fit elsewhere. */
    readonly texts?: Readonly<Record<string, string>>;
    /** Keys that have a section of their own. */
    readonly elsewhere?: Readonly<Record<string, string>>;
}

const sshSection = { ssh: "[ssh](#ssh)" };

const versionTexts = Object.fromEntries(
    Object.entries(defaultVersions)
        .filter(([name]) => name !== "kubernetes")
        .map(([name, version]) => [`versions.${name}`, `Default: \`${version}\`.`]),
);

const sections: readonly Section[] = [
    {
        title: "slipway:cluster",
        intro: "The cluster as a whole. The name is the only key that has no default.",
        schema: clusterSchema,
        elsewhere: sshSection,
        texts: {
            kubernetes: "Which Kubernetes.",
            "kubernetes.version": `Kubernetes version: ${supportedVersions.join(", ")}. Default: ${defaultVersions.kubernetes}.`,
            ...versionTexts,
            network: "Addresses of pods and services. They may not overlap each other, nor hold a node's address.",
            api: "The Kubernetes API.",
            "api.operator.host": "Name or address; it gets into the API server's certificate.",
            "api.operator.port": "Port, where it is not `api.port`.",
            certificates:
                "How long certificates are valid, when they are made anew, and who signs them; [Certificates](certificates.md).",
            serviceAccounts:
                "Which key signs tokens of service accounts; [Certificates](certificates.md) says how it is changed.",
            encryption: "Secrets at rest; [security](security.md#a-new-key-for-secrets) says how their key is changed.",
            "kubeProxy.mode": "How kube-proxy handles services. Any other field may stand beside it.",
        },
    },
    {
        title: "slipway:nodes",
        intro:
            "A list of machines. At least one is a control plane, and their number is odd. " +
            "It is left out where `slipway:lab` makes the machines.",
        schema: nodeSchema,
        elsewhere: sshSection,
        texts: {
            "taints[].key": "The taint's key.",
            "taints[].value": "The taint's value.",
            "taints[].effect": "What it does to pods that don't tolerate it.",
        },
    },
    {
        title: "ssh",
        intro:
            "How to reach a machine: under `slipway:cluster` for all of them, under a node for that one. " +
            "What a node says comes before what the cluster says. Without a private key the SSH agent is asked. " +
            "One whose host key isn't pinned is refused, unless `strictHostKeyChecking` is `false`. [Access](access.md) tells more.",
        schema: sshSchema,
        texts: {
            host: "Name or address to dial. Default: the node's address.",
            port: "TCP port. Default: 22.",
            user: "An account that may run `sudo -n`, or root. Default: root.",
            "proxy.port": "TCP port of the bastion.",
        },
    },
    {
        title: "slipway:images",
        intro:
            "A list of images of your own: the mirror brings them to every node, no registry is needed. " +
            "[Images](images.md) has an example.",
        schema: imageSchema,
    },
    {
        title: "slipway:addons",
        intro:
            "Services of the cluster beyond network and names; [addons](addons/README.md) describes each. One that isn't " +
            "named isn't there. What `local-path`, `metallb` and `monitoring` hold goes only after a word beside them: " +
            "`slipway:remove: [metallb]`.",
        schema: addonsSchema,
    },
    {
        title: "slipway:workloads",
        intro: "The sample applications. One that isn't named isn't deployed.",
        schema: workloadsSchema,
    },
    {
        title: "slipway:lab",
        intro:
            "Machines for a cluster on this one: containers with systemd and sshd. " +
            "They take the place of `slipway:nodes`.",
        schema: labSchema,
    },
];

/** The text of docs/config.md. */
export function configDocument(): string {
    return [
        "# Configuration",
        "",
        "<!-- Written by docs/generate.ts from the schemas: edit those, then run `npx tsx docs/generate.ts`. -->",
        "",
        "A stack's configuration is `Pulumi.<stack>.yaml`. `Pulumi.dev.yaml` describes the lab, `Pulumi.hex.yaml` six boards.",
        "Editors that know JSON Schema complete and check it by [slipway.schema.json](slipway.schema.json), as the first line",
        "of these two files says. Every problem is reported at once with its path, before anything is touched; an unknown key is one of them.",
        "",
        ...sections.flatMap(describeSection),
    ].join("\n");
}

function describeSection(section: Section): string[] {
    const known = rowsOf(section.schema, "", section);
    const strange = Object.keys(section.texts ?? {}).filter((key) => !known.some((row) => row.key === key));
    if (strange.length > 0) {
        throw new Error(`docs/generate.ts describes ${strange.join(", ")} of ${section.title}, which isn't there.`);
    }
    return [
        `## ${section.title}`,
        "",
        section.intro,
        "",
        "| key | what it may be | default | what it does |",
        "| --- | --- | --- | --- |",
        ...known.map(({ key, type, standard, text }) => `| \`${key}\` | ${type} | ${standard} | ${text} |`),
        "",
    ];
}

interface Row {
    readonly key: string;
    readonly type: string;
    readonly standard: string;
    readonly text: string;
}

function rowsOf(schema: z.ZodObject, prefix: string, section: Section): Row[] {
    return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([name, field]) => {
        const key = `${prefix}${name}`;
        const link = section.elsewhere?.[key];
        const row = {
            key,
            type: link ?? typeOf(field),
            standard: defaultOf(field),
            text: cell(section.texts?.[key] ?? jsonOf(field).description ?? ""),
        };
        if (row.text === "") {
            throw new Error(`${key} of ${section.title} has no description: give it one in its schema.`);
        }
        const inner = bare(field);
        if (link !== undefined) {
            return [row];
        }
        if (inner instanceof z.ZodArray && inner.element instanceof z.ZodObject) {
            return [row, ...rowsOf(inner.element, `${key}[].`, section)];
        }
        return [row, ...(inner instanceof z.ZodObject ? rowsOf(inner, `${key}.`, section) : [])];
    });
}

/** Without what only says that it may be left out. */
function bare(schema: z.ZodType): z.ZodType {
    return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
        ? bare(schema.unwrap() as z.ZodType)
        : schema;
}

const jsonOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });

function defaultOf(field: z.ZodType): string {
    const required = !field.safeParse(undefined).success;
    const value = jsonOf(field).default;
    const nothing =
        value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
    return required ? "required" : nothing ? "" : `\`${JSON.stringify(value)}\``;
}

function typeOf(field: z.ZodType): string {
    const schema = bare(field);
    const json = jsonOf(schema);
    if (json.enum) {
        return json.enum.map((value) => `\`${String(value)}\``).join(", ");
    }
    switch (json.type) {
        case "integer":
            return `whole number${rangeOf(json.minimum, json.maximum)}`;
        case "boolean":
            return "`true`, `false`";
        case "array":
            return `list of ${typeOf((schema as z.ZodArray).element as z.ZodType)}`;
        case "object":
            return Object.keys(json.properties ?? {}).length > 0 ? "settings" : "map";
        default:
            return formOf(schema);
    }
}

function rangeOf(minimum = -Infinity, maximum = Infinity): string {
    return maximum < Number.MAX_SAFE_INTEGER ? `, ${minimum} to ${maximum}` : `, at least ${minimum}`;
}

/** The form of a text in the words in which a wrong one is refused: "must be an IPv4 address such as …". */
function formOf(schema: z.ZodType): string {
    const issues = schema.safeParse("\0").error?.issues ?? [];
    const form = issues.find(({ code }) => code === "invalid_format")?.message.replace(/^must be /, "");
    return cell(form ?? "text");
}

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");

/** A schema for editors: what a stack's file may hold under `config:`. */
export function editorSchema(): string {
    const { $schema, ...settings } = jsonOf(settingsSchema.extend({ lab: labSchema.optional() }));
    const properties = Object.entries(settings.properties ?? {}).map(([key, value]) => [`slipway:${key}`, value]);
    const schema = {
        $schema,
        title: "A stack of Slipway: Pulumi.<stack>.yaml",
        $comment: "Written by docs/generate.ts from the schemas that check the configuration.",
        type: "object",
        properties: { config: { type: "object", properties: withSecrets(Object.fromEntries(properties)) } },
    };
    return `${JSON.stringify(schema, null, 2)}\n`;
}

/** Keys of texts that Pulumi may hold encrypted. */
const secretKeys = ["privateKey", "password", "accessKey", "secretKey"];

function withSecrets(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(withSecrets);
    if (typeof value !== "object" || value === null) return value;
    const secure = { type: "object", properties: { secure: { type: "string" } }, required: ["secure"] };
    return Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [
            key,
            secretKeys.includes(key) ? { anyOf: [inner, secure], description: inner.description } : withSecrets(inner),
        ]),
    );
}

/** The generated pages. */
export const documents: readonly { readonly file: string; readonly text: () => string }[] = [
    { file: configReference, text: configDocument },
    { file: path.join(__dirname, "slipway.schema.json"), text: editorSchema },
    {
        file: path.join(__dirname, "security.md"),
        text: () => securityDocument(read("../operations/audit/introduction.md")),
    },
    { file: networkPage, text: () => networkDocument(read("network.md")) },
    {
        file: path.join(__dirname, "..", "bench", "pictures", "results.svg"),
        text: () => resultsChart(read("../bench/RESULTS.md")),
    },
];

function read(file: string): string {
    return fs.readFileSync(path.join(__dirname, file), "utf8");
}

function main(): void {
    for (const { file, text } of documents) {
        if (!process.argv.includes("--check")) {
            fs.writeFileSync(file, text());
        } else if (!fs.existsSync(file) || fs.readFileSync(file, "utf8") !== text()) {
            console.error(
                `${path.basename(file)} is stale: run \`npx tsx docs/generate.ts\` and commit what it writes.`,
            );
            process.exitCode = 1;
        }
    }
}

if (require.main === module) {
    main();
}
