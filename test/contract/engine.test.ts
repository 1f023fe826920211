/** The plugins under the real engine: previews, secrets in the state, replacement, no-op, refresh and destroy. */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { makeProject, type Project } from "./project";
import { startSshServer, type SshServer } from "./sshServer";

const program = `
const pulumi = require("@pulumi/pulumi");
const command = require("@pulumi/command");
const tls = require("@pulumi/tls");
const { port, hostKey, privateKey } = JSON.parse(process.env.SERVER);
const connection = { host: "127.0.0.1", port, user: "operator", hostKey, privateKey };
const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" }, { protect: false });
const ca = new tls.SelfSignedCert("ca", {
    privateKeyPem: key.privateKeyPem, isCaCertificate: true, subject: { commonName: "ca" },
    allowedUses: ["cert_signing"], validityPeriodHours: 24,
});
const copy = new command.remote.CopyToRemote("copy", {
    connection, source: new pulumi.asset.FileArchive(process.env.KIT + "/"), remotePath: process.env.TARGET + "/kit",
});
const other = new command.Provider("other");
const step = new command.remote.Command("step", {
    connection,
    create: "cat > $TARGET/key; echo applied".replace("$TARGET", process.env.TARGET),
    delete: "rm $TARGET/key; echo gone > $TARGET/gone".replaceAll("$TARGET", process.env.TARGET),
    stdin: pulumi.interpolate\`\${key.privateKeyPem}\${process.env.MORE ?? ""}\`,
    triggers: [process.env.NODE_NAME ?? "a"],
    logging: "none",
}, { dependsOn: copy, deleteBeforeReplace: true, provider: other });
exports.answer = step.stdout;
exports.certificate = ca.certPem;
`;

describe("the plugins under the engine", function () {
    this.timeout(300_000);
    let project: Project;
    let server: SshServer;
    let target: string;
    let env: NodeJS.ProcessEnv;
    const file = (name: string) => path.join(target, name);

    before(async () => {
        server = await startSshServer();
        project = await makeProject(program);
        target = path.join(project.folder, "target");
        fs.mkdirSync(target);
        fs.mkdirSync(path.join(project.folder, "kit"));
        fs.writeFileSync(path.join(project.folder, "kit/step"), "#!/bin/sh\n");
        const { port, hostKey, privateKey } = server;
        const kit = path.join(project.folder, "kit");
        env = { SERVER: JSON.stringify({ port, hostKey, privateKey }), TARGET: target, KIT: kit };
    });

    after(async () => {
        await project?.close();
        await server?.close();
    });

    it("previews without touching anything", async () => {
        const shown = await project.pulumi(["preview"], env);
        assert.match(shown, /\+ 6 to create/);
        assert.deepEqual([server.logins, fs.readdirSync(target)], [0, []]);
    });

    it("makes everything, and keeps keys and connections encrypted in the state", async () => {
        await project.pulumi(["up", "--yes", "--skip-preview"], env);
        assert.match(fs.readFileSync(file("key"), "utf8"), /BEGIN EC PRIVATE KEY/);
        assert(fs.existsSync(file("kit/step")));
        assert.equal((await project.pulumi(["stack", "output", "answer"], env)).trim(), "applied");
        assert.doesNotMatch(project.state(), /PRIVATE KEY|"user":"operator"/);
    });

    it("finds nothing to do the second time", async () => {
        await project.pulumi(["preview", "--expect-no-changes"], env);
        await project.pulumi(["up", "--yes", "--skip-preview", "--expect-no-changes"], env);
    });

    it("shows a change before it makes it", async () => {
        const more = { ...env, MORE: "and more" };
        assert.match(await project.pulumi(["preview"], more), /~ 1 to update/);
        assert.doesNotMatch(fs.readFileSync(file("key"), "utf8"), /and more/);
        await project.pulumi(["up", "--yes", "--skip-preview"], more);
        assert.match(fs.readFileSync(file("key"), "utf8"), /and more/);
    });

    it("deletes before it replaces when a trigger changes", async () => {
        await project.pulumi(["up", "--yes", "--skip-preview"], { ...env, NODE_NAME: "b" });
        assert.deepEqual(
            server.commands.slice(-2).map((text) => text.split(" ")[0]),
            ["rm", "cat"],
        );
        assert(fs.existsSync(file("key")));
        assert(fs.existsSync(file("gone")));
    });

    it("refreshes to what it knows", async () => {
        await project.pulumi(["refresh", "--yes", "--expect-no-changes"], { ...env, NODE_NAME: "b" });
    });

    it("destroys with the stored commands", async () => {
        fs.rmSync(file("gone"));
        await project.pulumi(["destroy", "--yes", "--skip-preview"], env);
        assert(!fs.existsSync(file("key")));
        assert(fs.existsSync(file("gone")));
    });
});
