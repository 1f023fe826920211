import * as assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { LocalNode } from "./local";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

const manifest = `
# comments and empty lines are nothing
directory 0750 root:root /etc/demo
file 0600 root:root /etc/demo/secret
| token: s3cr3t
|
| end
file 0644 root:root /srv/deep/empty
link /opt/demo/current v1
`;

describe("kit: files", () => {
    let node: LocalNode;
    beforeEach(() => {
        node = new LocalNode();
        assert.deepEqual(node.welcome(), { code: 0, stdout: "", stderr: "" });
    });
    afterEach(() => node.dispose());

    it("check fails, apply mends, check passes, apply changes nothing, remove leaves the tree as it was", () => {
        const before = node.tree().filter((line) => !line.startsWith("run/slipway"));
        const found = node.step("credentials check", manifest);
        assert.equal(found.code, 1);
        assert.deepEqual(found.stdout.trim().split("\n"), [
            "directory /etc/demo is missing",
            "file /etc/demo/secret is missing",
            "file /srv/deep/empty is missing",
            "link /opt/demo/current is missing",
        ]);
        assert.equal(node.step("credentials apply", manifest).code, 0);
        assert.equal(node.read("/etc/demo/secret"), "token: s3cr3t\n\nend\n");
        assert.equal(fs.statSync(node.at("/etc/demo/secret")).mode & 0o777, 0o600);
        assert.equal(node.read("/srv/deep/empty"), "");
        assert.equal(fs.readlinkSync(node.at("/opt/demo/current")), "v1");

        assert.deepEqual(node.step("credentials check", manifest), { code: 0, stdout: "", stderr: "" });
        const times = () => fs.statSync(node.at("/etc/demo/secret"), { bigint: true }).ctimeNs;
        const written = times();
        assert.deepEqual(node.step("credentials apply", manifest), { code: 0, stdout: "", stderr: "" });
        assert.equal(times(), written);

        assert.equal(node.step("credentials remove").code, 0);
        assert.equal(node.step("credentials remove").code, 0, "a second removal succeeds too");
        const after = node.tree().filter((line) => !line.startsWith("run/slipway"));
        const ours = (line: string) => !/^var\/lib\/slipway\//.test(line);
        assert.deepEqual(after.filter(ours), before.filter(ours));
    });

    it("mends content, mode and target, and says which", () => {
        node.step("credentials apply", manifest);
        node.write("/etc/demo/secret", "other");
        fs.chmodSync(node.at("/etc/demo"), 0o777);
        fs.rmSync(node.at("/opt/demo/current"));
        fs.symlinkSync("v2", node.at("/opt/demo/current"));
        assert.equal(
            node.step("credentials check", manifest).stdout,
            "directory /etc/demo has mode 0777 instead of 0750\n" +
                "file /etc/demo/secret has other content\n" +
                "link /opt/demo/current points at v2 instead of v1\n",
        );
        assert.equal(node.step("credentials apply", manifest).code, 0);
        assert.equal(node.step("credentials check", manifest).code, 0);
    });

    it("removes what vanished from the manifest, and folders made for it, but no folder with other things", () => {
        node.step("credentials apply", manifest);
        node.write("/opt/demo/mine", "");
        const rest = manifest.replace(/file 0644.*\nlink.*\n/, "");
        assert.equal(node.step("credentials apply", rest).code, 0);
        assert.equal(node.has("/srv"), false);
        assert.equal(node.has("/opt/demo/current"), false);
        assert.equal(node.has("/opt/demo/mine"), true);
        assert.equal(node.has("/etc/demo/secret"), true);
    });

    it("keeps what another step of the node lists too, until the last of them lets go", () => {
        const shared = "file 0644 root:root /etc/shared\n| text\n";
        node.step("credentials apply", shared);
        node.step("stage apply", shared);
        node.step("credentials remove");
        assert.equal(node.has("/etc/shared"), true);
        node.step("stage remove");
        assert.equal(node.has("/etc/shared"), false);
    });

    it("gives no half-written manifest a name that a step beside it reads", async () => {
        const names = new Set<string>();
        const watcher = fs.watch(node.at("/var/lib/slipway/manifests"), (_, name) => names.add(name!));
        try {
            assert.equal(node.step("credentials apply", manifest).code, 0);
            while (!names.has("credentials")) await once(watcher, "change");
        } finally {
            watcher.close();
        }
        const read = [...names].filter((name) => !name.startsWith(".")).sort();
        assert.deepEqual(read, ["credentials", "credentials.next"]);
    });

    it("forgets nothing that a killed apply had done", () => {
        node.step("credentials apply", manifest);
        // A folder where a file should be makes apply end in the middle, as a kill would.
        fs.mkdirSync(node.at("/etc/zzz"));
        const second = "file 0644 root:root /etc/demo2\n| new\nfile 0644 root:root /etc/zzz\n| x\n";
        const failed = node.step("credentials apply", second);
        assert.equal(failed.code, 1);
        assert.match(failed.stderr, /\/etc\/zzz is a directory on .* and should be a file: move it away/);
        assert.equal(node.has("/etc/demo2"), true);
        fs.rmdirSync(node.at("/etc/zzz"));
        assert.equal(node.step("credentials apply", "link /etc/only one\n").code, 0);
        assert.deepEqual(
            ["/etc/demo2", "/etc/demo/secret", "/opt/demo", "/etc/zzz"].filter((file) => node.has(file)),
            [],
        );
    });

    it("writes a once-file only while the other path is missing, and doesn't miss it afterwards", () => {
        const once = "once 0600 root:root /etc/bootstrap unless=/etc/certificate\n| token\n";
        node.step("credentials apply", once);
        assert.equal(node.read("/etc/bootstrap"), "token\n");
        node.write("/etc/certificate", "");
        fs.rmSync(node.at("/etc/bootstrap"));
        assert.equal(node.step("credentials check", once).code, 0);
        assert.equal(node.step("credentials apply", once).code, 0);
        assert.equal(node.has("/etc/bootstrap"), false);
    });

    it("keeps a unit that a package will bring from starting, and leaves one alone that is there before", () => {
        const text = "mask haproxy.service\nmask keepalived.service\n";
        const link = "/etc/systemd/system/haproxy.service";
        node.write("/lib/systemd/system/keepalived.service", "[Service]\n");
        const before = node.tree().filter((line) => !line.startsWith("run/slipway"));
        assert.equal(node.step("activate check", text).stdout, "unit haproxy.service is not masked\n");
        assert.equal(node.step("activate apply", text).stdout, "mended: unit haproxy.service is not masked\n");
        assert.equal(fs.readlinkSync(node.at(link)), "/dev/null");
        assert.equal(node.has("/etc/systemd/system/keepalived.service"), false);
        // The package came, and somebody unmasked what it brought: it is ours by now.
        node.write("/lib/systemd/system/haproxy.service", "[Service]\n");
        fs.rmSync(node.at(link));
        assert.equal(node.step("activate apply", text).stdout, "mended: unit haproxy.service is not masked\n");
        assert.deepEqual(node.step("activate apply", text), { code: 0, stdout: "", stderr: "" });
        fs.rmSync(node.at("/lib/systemd/system/haproxy.service"));
        assert.equal(node.step("activate remove").code, 0);
        assert.deepEqual(
            node.tree().filter((line) => !/^(run\/slipway|var\/lib\/slipway\/(before|sums))/.test(line)),
            before.filter((line) => !/^var\/lib\/slipway\/(before|sums)/.test(line)),
        );
    });

    it("remembers digests, never text", () => {
        node.step("credentials apply", manifest);
        const state = node.tree().filter((line) => line.startsWith("var/lib/slipway/") && !line.includes("/kit/"));
        assert.ok(state.some((line) => line.includes(sha256("token: s3cr3t\n\nend\n"))));
        assert.deepEqual(
            [...state, ...node.tree().filter((line) => line.startsWith("run/"))].filter((line) =>
                line.includes("s3cr3t"),
            ),
            [],
        );
    });

    it("names the line of a manifest that it can't read, and changes nothing", () => {
        for (const [text, why] of [
            ["file 0644 root:root etc/x\n", /line 1: "etc\/x" is not an absolute path/],
            ["file 0644 root:root /etc/../x\n", /is not an absolute path/],
            ["link /a b\n| text\n", /line 2: content where none belongs/],
            ["flie 0644 root:root /x\n", /unknown entry "flie"/],
            ["artifact a 1 h/a s390x=00\n", /artifact a has no digest for/],
            ["unit a.service runs stamp=1\n", /a unit is active, started or oneshot/],
        ] as const) {
            const run = node.step("credentials apply", `${text}`);
            assert.equal(run.code, 1, text);
            assert.match(run.stderr, why);
        }
        assert.equal(node.has("/x"), false);
    });
});

/** The beginning of an executable for a kind of processor: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
function elf(machine: number): Buffer {
    const header = Buffer.alloc(64);
    header.write("\x7fELF\x02\x01\x01", "latin1");
    header.writeUInt16LE(2, 16);
    header.writeUInt16LE(machine, 18);
    return header;
}

describe("kit: artifacts from a mounted folder", () => {
    let node: LocalNode;
    const digests = (hex: string) => `amd64=${hex} arm64=${hex}`;
    const stage = (version: string, hex: string) =>
        `artifact tool ${version} host.example/${version}/tool ${digests(hex)}\n| 0755 /opt/tool/v${version}/tool\n`;
    const put = (file: string, text: string) => {
        fs.mkdirSync(path.dirname(path.join(node.mirror, file)), { recursive: true });
        fs.writeFileSync(path.join(node.mirror, file), text);
    };
    beforeEach(() => {
        node = new LocalNode();
        node.welcome();
        put("host.example/1/tool", "one");
        put("host.example/2/tool", "two");
    });
    afterEach(() => node.dispose());

    it("installs what has the right digest", () => {
        assert.equal(node.step("stage apply", stage("1", sha256("one"))).code, 0);
        assert.equal(node.read("/opt/tool/v1/tool"), "one");
        assert.equal(fs.statSync(node.at("/opt/tool/v1/tool")).mode & 0o777, 0o755);
        assert.deepEqual(node.step("stage check", stage("1", sha256("one"))), { code: 0, stdout: "", stderr: "" });
    });

    it("installs nothing of a wrong digest, and names file, expected and found", () => {
        const before = node.tree().filter((line) => line.startsWith("opt"));
        const run = node.step("stage apply", stage("1", sha256("altered")));
        assert.equal(run.code, 1);
        assert.ok(run.stderr.includes(`${node.mirror}/host.example/1/tool has the wrong digest`), run.stderr);
        assert.ok(run.stderr.includes(`Expected sha256 ${sha256("altered")}, found ${sha256("one")}`), run.stderr);
        assert.deepEqual(
            node.tree().filter((line) => line.startsWith("opt") && !/^opt\/tool(\/v1)? /.test(line)),
            before,
        );
        node.step("stage remove");
        assert.deepEqual(
            node.tree().filter((line) => line.startsWith("opt")),
            before,
        );
    });

    it("keeps the version that a link still names, and drops it when the link has moved on", () => {
        const link = (version: string) => `link /opt/tool/current v${version}\n`;
        node.step("stage apply", stage("1", sha256("one")));
        node.step("activate apply", link("1"));
        node.step("stage apply", stage("2", sha256("two")));
        assert.equal(node.read("/opt/tool/current/tool"), "one", "what runs stays while the next version is staged");
        node.step("activate apply", link("2"));
        node.step("stage apply", stage("2", sha256("two")));
        assert.equal(node.has("/opt/tool/v1"), false);
        assert.equal(node.read("/opt/tool/current/tool"), "two");
    });

    it("knows the digest of what it has just installed, without reading it again", () => {
        node.step("stage apply", stage("1", sha256("one")));
        const file = node.at("/opt/tool/v1/tool");
        const known = node.read("/var/lib/slipway/sums").split("\n");
        const [line] = known.filter((each) => each.startsWith(`${file}\t`));
        assert.match(line, new RegExp(`\t3 \\S+ \\S+ ${fs.statSync(file).ino}\t${sha256("one")}$`));
        node.step("probe");
        assert.deepEqual(node.read("/var/lib/slipway/sums").split("\n"), known);
    });

    it("notices an executable that was changed", () => {
        node.step("stage apply", stage("1", sha256("one")));
        node.write("/opt/tool/v1/tool", "0ne");
        const found = node.step("stage check", stage("1", sha256("one")));
        assert.match(found.stdout, /artifact tool 1: \/opt\/tool\/v1\/tool was changed since it was installed/);
        const probe = JSON.parse(node.step("probe").stdout);
        assert.deepEqual([probe.kinds.stage.differences, probe.kinds.stage.generation], [1, 1]);
    });

    it("installs no executable for another kind of processor, and names the file", () => {
        const [own, other] = os.arch() === "arm64" ? [183, 62] : [62, 183];
        const install = (machine: number, archived: boolean) => {
            fs.mkdirSync(path.join(node.root, "pack"), { recursive: true });
            fs.writeFileSync(path.join(node.root, "pack/tool"), elf(machine));
            const name = archived ? "tool.tgz" : "tool";
            const file = path.join(node.mirror, name);
            const pack = archived
                ? ["tar", "-czf", file, "-C", path.join(node.root, "pack"), "."]
                : ["cp", "pack/tool", file];
            execFileSync(pack[0], pack.slice(1), { cwd: node.root });
            const hex = createHash("sha256").update(fs.readFileSync(file)).digest("hex");
            const member = archived ? " ./tool" : "";
            return node.step(
                "stage apply",
                `artifact tool 1 ${name} ${digests(hex)}\n| 0755 /opt/tool/tool${member}\n`,
            );
        };
        for (const archived of [false, true]) {
            const run = install(other, archived);
            assert.equal(run.code, 1);
            const name = archived ? "tool\\.tgz \\(\\./tool\\)" : "tool";
            assert.match(
                run.stderr,
                new RegExp(`${name} is an executable for another kind of processor than a\\w+64,`),
            );
            assert.deepEqual(fs.readdirSync(node.at("/opt/tool")), []);
            assert.equal(node.has("/var/lib/slipway/unpack.tool"), false);
        }
        for (const archived of [false, true]) {
            const run = install(own, archived);
            assert.equal(run.code, 0, run.stderr);
        }
    });

    it("takes members out of an archive", () => {
        const { root, mirror } = node;
        fs.mkdirSync(path.join(root, "pack/in"), { recursive: true });
        fs.writeFileSync(path.join(root, "pack/in/a"), "A");
        const archive = path.join(mirror, "all.tgz");
        execFileSync("tar", ["-czf", archive, "-C", path.join(root, "pack"), "./in/a"]);
        const hex = createHash("sha256").update(fs.readFileSync(archive)).digest("hex");
        const text = `artifact all 1 all.tgz ${digests(hex)}\n| 0755 /opt/bin/a ./in/a\n`;
        assert.equal(node.step("stage apply", text).code, 0);
        assert.equal(node.read("/opt/bin/a"), "A");
        const missing = node.step("stage apply", `${text}| 0755 /opt/bin/b ./in/b\n`);
        assert.match(missing.stderr, /artifact all 1: its archive has no member .\/in\/b/);
    });
});
