import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";

import { parse } from "yaml";

import { validate } from "../../components/config/validate";
import { documents as generated, editorSchema } from "../../docs/generate";
import { findingCodes } from "../../operations/preflight/finding";

const root = path.resolve(__dirname, "..", "..");
const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8");
const inDocs = fs.readdirSync(path.join(root, "docs"), { recursive: true, encoding: "utf8" });
const documents = ["README.md", ...inDocs.map((name) => `docs/${name}`)].filter((name) => name.endsWith(".md"));

describe("documentation", () => {
    it("describes every key of the configuration as the schemas have it, every control of the audit, and every port", () => {
        for (const { file, text } of generated) {
            const stale = `${path.basename(file)} is stale: run \`npx tsx docs/generate.ts\`.`;
            assert.equal(fs.readFileSync(file, "utf8"), text(), stale);
        }
    });

    it("gives editors a schema that knows every key, with its description, and encrypted keys", () => {
        const schema = JSON.parse(editorSchema());
        const { config } = schema.properties;
        assert.deepEqual(Object.keys(config.properties).sort(), [
            ...["addons", "cluster", "images", "lab", "nodes", "remove", "workloads"].map((key) => `slipway:${key}`),
        ]);
        const cluster = config.properties["slipway:cluster"];
        assert.deepEqual([cluster.required, cluster.additionalProperties], [["name"], false]);
        assert.match(cluster.properties.ssh.properties.strictHostKeyChecking.description, /pinned/);
        assert.deepEqual(cluster.properties.ssh.properties.privateKey.anyOf[1].required, ["secure"]);
        for (const file of ["Pulumi.dev.yaml", "Pulumi.hex.yaml"]) {
            assert.match(read(file), /^# yaml-language-server: \$schema=docs\/slipway\.schema\.json\n/);
        }
    });

    it("tells of every finding of the preflight what to do", () => {
        const kit = read("components/remote/kit/preflight.sh");
        const inKit = [...kit.matchAll(/\bfinding ([a-z-]+) /g)].map(([, code]) => code);
        assert.ok(inKit.length > 5);
        for (const code of [...findingCodes, ...inKit]) {
            assert.ok(read("docs/preflight.md").includes(`\n| ${code} |`), `docs/preflight.md has no row for ${code}`);
        }
    });

    it("gives configurations that are right", () => {
        const examples = documents.flatMap((name) =>
            [...read(name).matchAll(/^```yaml\n([^]*?)^```/gm)].map((match) => ({ name, text: match[1] })),
        );
        const configurations = examples.filter(({ text }) => text.startsWith("config:"));
        assert.ok(configurations.some(({ name }) => name === "README.md"));
        for (const { name, text } of configurations) {
            const given = Object.entries((parse(text) as { config: Record<string, unknown> }).config);
            const raw = Object.fromEntries(given.map(([key, value]) => [key.replace("slipway:", ""), value]));
            const result = validate(raw);
            assert.ok("settings" in result, `${name}: ${"problems" in result ? result.problems.join("\n") : ""}`);
        }
    });

    it("shows the library example as it is type-checked", () => {
        const [, shown] = /^```ts\n([^]*?)^```/m.exec(read("README.md")) ?? [];
        assert.ok(shown, "README.md has no example in TypeScript.");
        const flat = (text: string) => text.replace(/\s+/g, " ").trim();
        for (const part of shown.split("// …\n")) {
            assert.ok(flat(read("examples/library/index.ts")).includes(flat(part)), `not in the example: ${part}`);
        }
    });

    it("links to files that are there", () => {
        for (const name of documents) {
            const links = [...read(name).matchAll(/(?:\]\(|src=")([^)"#]+)[)"#]/g)].map((match) => match[1]);
            for (const link of links.filter((each) => !/^https?:/.test(each))) {
                const target = path.join(root, path.dirname(name), link);
                assert.ok(fs.existsSync(target), `${name} links to ${link}, which isn't there.`);
            }
        }
    });
});
