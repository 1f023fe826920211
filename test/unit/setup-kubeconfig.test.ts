import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse } from "yaml";

import { kubeconfig } from "../../components/render/kubeconfig";
import { describeMerge } from "../../setup/commands/others";
import { merged, mergeKubeconfig, usersKubeconfig } from "../../setup/mergeKubeconfig";

const hexAt = (server: string) =>
    kubeconfig({
        name: "hex",
        server,
        serverName: "api.hex.k8s.local",
        authority: { pem: "CA ".repeat(100) },
        user: { certificate: { pem: "certificate" }, key: { pem: "key" } },
    });
const hex = hexAt("https://192.168.1.11:6443");

/** As kubectl writes it, with what people add. */
const own = `# my clusters
apiVersion: v1
clusters:
# at home
- cluster:
    server: https://home:6443
  name: home
contexts:
- context:
    cluster: home
    namespace: tools
    user: me
  name: home # the usual one
current-context: home
kind: Config
preferences: {}
users:
- name: me
  user:
    token: abc
`;

describe("setup: a kubeconfig merged into the user's own", () => {
    let folder = "";
    let file = "";
    beforeEach(() => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-kubeconfig-"));
        file = path.join(folder, "config");
    });
    afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

    const files = () => fs.readdirSync(folder).sort();

    it("goes where kubectl writes: the first of KUBECONFIG that is there, or ~/.kube/config", () => {
        fs.writeFileSync(file, "");
        const none = path.join(folder, "none");
        assert.equal(usersKubeconfig({}, "/home/bb"), "/home/bb/.kube/config");
        assert.equal(usersKubeconfig({ KUBECONFIG: "" }, "/home/bb"), "/home/bb/.kube/config");
        assert.equal(usersKubeconfig({ KUBECONFIG: `:${none}:${file}` }, "/home/bb"), file);
        assert.equal(usersKubeconfig({ KUBECONFIG: `/nowhere/a:${none}` }, "/home/bb"), none);
    });

    it("adds cluster, context and user, and leaves everything else as it is", () => {
        const { text, before } = merged(own, hex);
        assert.equal(before, "home");
        // Line by line, in the order they had.
        let at = 0;
        for (const line of own.replace("current-context: home", "current-context: hex").split("\n")) {
            at = text.indexOf(`${line}\n`, at);
            assert.notEqual(at, -1, `${line} is gone from:\n${text}`);
        }
        const { clusters, contexts, users, ...rest } = parse(text);
        const news = parse(hex);
        assert.deepEqual(clusters[1], news.clusters[0]);
        assert.deepEqual(contexts[1], news.contexts[0]);
        assert.deepEqual(users[1], news.users[0]);
        assert.deepEqual(rest, { apiVersion: "v1", kind: "Config", preferences: {}, "current-context": "hex" });
    });

    it("replaces entries of its name in their place", () => {
        const first = merged(own, hexAt("https://10.0.0.1:6443")).text;
        const later = merged(first, `${own.replaceAll("home", "other")}`).text;
        const text = merged(later, hex).text;
        const { clusters } = parse(text);
        assert.deepEqual(
            clusters.map(({ name, cluster }: { name: string; cluster: { server: string } }) => [name, cluster.server]),
            [
                ["home", "https://home:6443"],
                ["hex", "https://192.168.1.11:6443"],
                ["other", "https://other:6443"],
            ],
        );
    });

    it("keeps what was there beside it, mode 0600, and a second time does nothing", () => {
        fs.writeFileSync(file, own, { mode: 0o644 });
        const merge = mergeKubeconfig(file, hex);
        assert.equal(merge.changed, true);
        assert.equal(fs.readFileSync(merge.backup!, "utf8"), own);
        assert.match(path.basename(merge.backup!), /^config\.\d{8}T\d{6}Z\.bak$/);
        for (const each of [file, merge.backup!]) assert.equal(fs.statSync(each).mode & 0o777, 0o600);
        assert.equal(files().length, 2);
        const { mtimeMs, ino } = fs.statSync(file);
        assert.deepEqual(mergeKubeconfig(file, hex), { file, changed: false });
        assert.deepEqual([fs.statSync(file).mtimeMs, fs.statSync(file).ino], [mtimeMs, ino]);
        assert.equal(files().length, 2);
        // A change within the same second: neither backup is written over.
        mergeKubeconfig(file, hexAt("https://10.0.0.1:6443"));
        assert.equal(files().length, 3);
        assert.equal(fs.readFileSync(merge.backup!, "utf8"), own);
    });

    it("makes a file where there is none, and needs no backup", () => {
        file = path.join(folder, "home", ".kube", "config");
        assert.deepEqual(mergeKubeconfig(file, hex), { file, changed: true, backup: undefined, before: undefined });
        assert.deepEqual(parse(fs.readFileSync(file, "utf8")), parse(hex));
        assert.equal(fs.statSync(file).mode & 0o777, 0o600);
        assert.deepEqual(fs.readdirSync(path.dirname(file)), ["config"]);
    });

    it("follows a symbolic link, and leaves the link", () => {
        fs.mkdirSync(path.join(folder, "dotfiles"));
        const real = path.join(folder, "dotfiles", "kubeconfig");
        fs.symlinkSync("dotfiles/kubeconfig", file);
        mergeKubeconfig(file, hex);
        assert.equal(fs.readlinkSync(file), "dotfiles/kubeconfig");
        assert.deepEqual(parse(fs.readFileSync(real, "utf8")), parse(hex));
        const { backup } = mergeKubeconfig(file, own);
        assert.equal(path.dirname(backup!), path.dirname(real));
    });

    it("changes nothing of a file that it can't read or understand, and says why", () => {
        const refused = (text: string, reason: RegExp) => {
            fs.writeFileSync(file, text);
            assert.throws(() => mergeKubeconfig(file, hex), reason);
            assert.equal(fs.readFileSync(file, "utf8"), text);
            assert.deepEqual(files(), ["config"]);
        };
        refused("clusters: [\n", /can't be merged into .*config \(it isn't valid YAML: .*Nothing was changed/);
        refused("- a\n- b\n", /it isn't a kubeconfig: it has no keys/);
        refused("kind: Pod\n", /it isn't a kubeconfig: its kind is Pod/);
        refused("clusters: {}\n", /it isn't a kubeconfig: its clusters are no list/);
        fs.rmSync(file);
        fs.mkdirSync(file);
        assert.throws(() => mergeKubeconfig(file, hex), /\(EISDIR\)/);
    });

    it("understands what kubectl leaves of an emptied file, and JSON", () => {
        const empty = "apiVersion: v1\nclusters: null\ncontexts: []\ncurrent-context: ''\nkind: Config\nusers: null\n";
        for (const text of [empty, "", "# nothing yet\n", JSON.stringify(parse(own))]) {
            const result = merged(text, hex).text;
            const { clusters, "current-context": current } = parse(result);
            assert.deepEqual(clusters.at(-1), parse(hex).clusters[0]);
            assert.equal(current, "hex");
            assert.equal(merged(result, hex).text, result);
        }
    });

    it("says what it did in a line or two", () => {
        assert.equal(
            describeMerge({ file: "/k", changed: true, backup: "/k.bak", before: "home" }, hex),
            "Merged hex into /k: cluster, context and user hex, which is the current context now " +
                "(it was home: `kubectl config use-context home` goes back).\nAs it was before: /k.bak",
        );
        assert.equal(
            describeMerge({ file: "/k", changed: false }, hex),
            "/k has hex already, as its current context: nothing was changed.",
        );
    });
});
