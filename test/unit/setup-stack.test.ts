import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { dockerObjects, isOurs } from "../../setup/leftovers";
import { checkSettings } from "../../setup/settings";
import { backendEnvironment, configFileFor, ensurePassphrase, findStack, nodeCount } from "../../setup/stack";
import { forget, keep, mirrorFolder, readRecord } from "../../setup/stackRecord";

describe("setup: a stack", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-stack-"));
    const saved = { ...process.env };
    const write = (name: string, text: string) => fs.writeFileSync(path.join(folder, name), text);
    const find = (name: string) => findStack(folder, { name, needed: true });

    before(() => {
        for (const name of Object.keys(process.env)) if (name.startsWith("PULUMI_")) delete process.env[name];
        Object.assign(process.env, {
            SLIPWAY_HOME: path.join(folder, "home"),
            PULUMI_HOME: path.join(folder, "pulumi"),
        });
        write("Pulumi.yaml", "name: slipway\nruntime: nodejs\n");
        write("Pulumi.dev.yaml", "config:\n  slipway:cluster: { name: dev }\n  slipway:lab: { workers: 3 }\n");
    });
    after(() => {
        process.env = saved;
        fs.rmSync(folder, { recursive: true, force: true });
    });

    it("makes a passphrase once, which only the user can read", () => {
        const home = path.join(folder, "home");
        const file = ensurePassphrase(home);
        const first = fs.readFileSync(file, "utf8");
        assert.equal(fs.statSync(file).mode & 0o777, 0o600);
        assert.equal(fs.statSync(home).mode & 0o777, 0o700);
        assert.match(first, /^[\w-]{43}\n$/);
        assert.equal(fs.readFileSync(ensurePassphrase(home), "utf8"), first);
        assert.deepEqual(fs.readdirSync(home), ["passphrase"]);
    });

    it("keeps state in a backend of its own, unless the user has chosen one", () => {
        const own = backendEnvironment(find("dev"));
        assert.equal(own.PULUMI_BACKEND_URL, `file://${folder}/home/state`);
        assert.equal(own.PULUMI_CONFIG_PASSPHRASE_FILE, `${folder}/home/passphrase`);
        process.env.PULUMI_CONFIG_PASSPHRASE = "";
        assert.equal(backendEnvironment(find("dev")).PULUMI_CONFIG_PASSPHRASE_FILE, undefined);
        delete process.env.PULUMI_CONFIG_PASSPHRASE;
        process.env.PULUMI_BACKEND_URL = "s3://states";
        assert.deepEqual(backendEnvironment(find("dev")), {});
        delete process.env.PULUMI_BACKEND_URL;
        fs.mkdirSync(path.join(folder, "pulumi"));
        write("pulumi/credentials.json", JSON.stringify({ current: "https://api.pulumi.com" }));
        assert.deepEqual(backendEnvironment(find("dev")), {});
        write("pulumi/credentials.json", JSON.stringify({ current: "" }));
        assert.ok(find("dev").ownBackend);
    });

    it("gives Pulumi a copy of the configuration to write the salt into, and leaves the user's file alone", () => {
        const copy = configFileFor(find("dev")) as string;
        assert.equal(copy, path.join(folder, "home", "stacks", "dev.yaml"));
        assert.match(fs.readFileSync(copy, "utf8"), /^# Copied .* from .*Pulumi\.dev\.yaml.*\nconfig:\n/);
        write("Pulumi.salted.yaml", "encryptionsalt: v1:x\nconfig: {}\n");
        assert.equal(configFileFor(find("salted")), undefined);
    });

    it("counts the machines of lab and inventory", () => {
        write("Pulumi.six.yaml", `config:\n  slipway:nodes: [${"{},".repeat(6)}]\n`);
        assert.equal(nodeCount(find("dev")), 4);
        assert.equal(nodeCount(find("six")), 6);
    });

    it("reports every mistake of the configuration at once, before anything is made", () => {
        write(
            "Pulumi.bad.yaml",
            "config:\n  slipway:cluster: { name: Bad!, api: { prt: 1 } }\n  slipway:nodes: []\n  slipway:workload: {}\n",
        );
        assert.throws(() => checkSettings(find("bad")), {
            name: "Failure",
            message: /problems; nothing was touched\. Mend .*Pulumi\.bad\.yaml[^]*cluster\.name[^]*workload is not/,
        });
        write(
            "Pulumi.near.yaml",
            "config:\n  slipway:cluster: { name: a }\n  slipway:lab: { name: a, subnet: 10.96.1.0/24 }\n",
        );
        assert.throws(() => checkSettings(find("near")), /a problem; .*[^]*overlaps cluster\.network\.serviceCidr/);
        write(
            "Pulumi.secret.yaml",
            "config:\n  slipway:cluster: { name: a, ssh: { user: bb, privateKey: { secure: v1:abc } } }\n" +
                "  slipway:nodes:\n    - { name: n1, address: 10.0.0.1, roles: [control-plane, worker] }\n",
        );
        assert.equal(checkSettings(find("secret")).nodes.length, 1);
    });

    it("says in one sentence what is wrong with a name or a missing file", () => {
        assert.throws(() => find("no/good"), /can't be a stack's name/);
        assert.throws(() => find("none"), /no .*Pulumi\.none\.yaml.*--config-file/);
    });

    it("keeps what was decided for a stack, and names the command that fills a missing mirror", () => {
        keep("dev", { source: "build" });
        assert.throws(() => mirrorFolder("dev"), /stack dev was not filled yet: run `npm run mirror`/);
        keep("dev", { mirror: folder });
        assert.deepEqual(readRecord("dev"), { source: "build", mirror: folder });
        assert.equal(mirrorFolder("dev"), folder);
        forget("dev");
        assert.throws(() => mirrorFolder("hex"), /npm run mirror -- --stack hex/);
    });

    it("takes a half-made container for ours only when it carries our labels", () => {
        const resource = (type: string, name: string) => ({
            urn: name,
            type: `docker:index/${type}`,
            inputs: { name, labels: [{ label: "slipway.lab", value: "dev" }] },
        });
        const objects = dockerObjects([
            resource("network:Network", "dev"),
            resource("container:Container", "dev-1"),
            { urn: "x", type: "command:remote:Command", inputs: { name: "other" } },
        ]);
        assert.deepEqual(
            objects.map(({ kind, name }) => `${kind} ${name}`),
            ["container dev-1", "network dev"],
        );
        assert.ok(isOurs(objects[0], { "slipway.lab": "dev", maintainer: "x" }));
        assert.ok(!isOurs(objects[0], { "slipway.lab": "e2e" }));
        assert.ok(!isOurs({ ...objects[0], labels: {} }, {}));
    });
});
