import assert from "node:assert/strict";

import { Entry } from "../../components/render/entries";
import { render } from "../../components/render/manifest";
import { commandLine, unitText } from "../../components/render/systemd";
import { flags, layered, variables, yaml } from "../../components/render/text";

const file = (path: string, content: string): Entry => ({ kind: "file", path, content });
const unit = (after: string[], content = "[Unit]\n"): Entry => ({
    kind: "unit",
    name: "x.service",
    state: "active",
    content,
    after,
});
const stampIn = (text: string) => /stamp=([0-9a-f]{16})/.exec(text)?.[1];

describe("manifest", () => {
    it("writes every kind of entry as the kit reads it", () => {
        const digest = "a".repeat(64);
        const text = render([
            unit(["/etc/x"], "[Unit]\n\n[Service]\n"),
            { kind: "prove", runtime: "docker", reference: "busybox:1", arguments: ["--help"] },
            {
                kind: "image",
                runtime: "docker",
                reference: "busybox:1",
                path: "images/busybox/1/{arch}.tar",
                digests: { arm64: digest },
            },
            {
                kind: "artifact",
                name: "etcd",
                version: "3.6.8",
                path: "github.com/etcd-{arch}.tar.gz",
                digests: { arm64: digest, amd64: digest },
                files: [
                    { path: "/opt/etcd/etcd", member: "etcd-{arch}/etcd" },
                    { path: "/opt/x", mode: "0644" },
                ],
            },
            { kind: "package", name: "docker.io" },
            { kind: "hold", name: "docker.io" },
            { kind: "package", name: "docker-cli", unless: "/usr/bin/docker" },
            { kind: "conflict", name: "docker-ce" },
            { kind: "swap" },
            { kind: "sysctl", key: "net.ipv4.tcp_rmem", value: "4096 87380 4194304" },
            { kind: "module", name: "overlay" },
            { kind: "user", name: "etcd", home: "/var/lib/etcd" },
            { kind: "link", path: "/opt/k8s/kubernetes", target: "v1.36.3" },
            { kind: "once", path: "/var/b", content: "token\n", unless: "/var/c" },
            file("/etc/x", "one\n\n| three\nlast"),
            { kind: "directory", path: "/etc/d", mode: "0700", owner: "etcd:etcd" },
        ]);
        assert.equal(
            text.replace(/stamp=\w+/, "stamp=S").replaceAll(digest, "HEX"),
            `user etcd /var/lib/etcd
conflict docker-ce
module overlay
sysctl net.ipv4.tcp_rmem 4096 87380 4194304
swap off
directory 0700 etcd:etcd /etc/d
file 0644 root:root /etc/x
| one
|
| | three
| last
once 0600 root:root /var/b unless=/var/c
| token
link /opt/k8s/kubernetes v1.36.3
package docker-cli unless=/usr/bin/docker
package docker.io
hold docker.io
artifact etcd 3.6.8 github.com/etcd-{arch}.tar.gz amd64=HEX arm64=HEX
| 0755 /opt/etcd/etcd etcd-{arch}/etcd
| 0644 /opt/x
image busybox:1 images/busybox/1/{arch}.tar arm64=HEX
prove docker busybox:1 --help
unit x.service active stamp=S after=/etc/x
| [Unit]
|
| [Service]
`,
        );
    });

    it("doesn't depend on the order of fragments, but keeps the order of units", () => {
        const [a, b] = [[file("/a", "1\n")], [file("/b", "2\n")]];
        assert.equal(render(a, b), render(b, a));
        const units = ["z.service", "a.service"].map((name): Entry => ({ kind: "unit", name, state: "active" }));
        assert.match(render(units), /z\.service[^]*a\.service/);
    });

    it("takes an entry twice, but no contradiction", () => {
        assert.equal(render([file("/a", "1\n")], [file("/a", "1\n")]), render([file("/a", "1\n")]));
        assert.throws(() => render([file("/a", "1\n")], [file("/a", "2\n")]), /two different entries for path \/a/);
        assert.throws(() => render([file("/a", "1\n")], [{ kind: "link", path: "/a", target: "b" }]), /path \/a/);
    });

    it("refuses what the kit would tear apart", () => {
        const refused: [Entry, RegExp][] = [
            [file("/a b", ""), /absolute paths/],
            [file("relative", ""), /absolute paths/],
            [file("/a/../b", ""), /absolute paths/],
            [{ ...file("/a", ""), mode: "644" } as Entry, /octal/],
            [{ ...file("/a", ""), owner: "root" } as Entry, /USER:GROUP/],
            [file("/a", "x\r\n"), /control characters/],
            [{ kind: "package", name: "a b" }, /white space/],
            [{ kind: "link", path: "/a", target: "" }, /white space/],
            [{ kind: "image", runtime: "docker", reference: "x", path: "p", digests: {} }, /npm run mirror/],
            [{ kind: "image", runtime: "docker", reference: "x", path: "p", digests: { amd64: "12" } }, /SHA-256/],
        ];
        for (const [entry, reason] of refused) {
            assert.throws(() => render([entry]), reason);
        }
    });

    it("gives a unit another stamp when its text or an input that is known changes, and only then", () => {
        const stamp = (...entries: Entry[]) => stampIn(render(entries));
        const base = stamp(unit(["/etc/x", "/etc/d"]), file("/etc/x", "1\n"));
        assert.match(base!, /^[0-9a-f]{16}$/);
        assert.equal(base, stamp(unit(["/etc/x", "/etc/d"]), file("/etc/x", "1\n"), file("/etc/y", "2\n")));
        assert.notEqual(base, stamp(unit(["/etc/x", "/etc/d"]), file("/etc/x", "2\n")));
        assert.notEqual(base, stamp(unit(["/etc/x", "/etc/d"], "[Unit]\nA=b\n"), file("/etc/x", "1\n")));
        assert.notEqual(base, stamp(unit(["/etc/x", "/etc/d"]), file("/etc/x", "1\n"), file("/etc/d/y", "2\n")));
    });
});

describe("texts", () => {
    it("lays settings over each other", () => {
        assert.deepEqual(layered({ a: { b: 1, c: 2 }, d: [1] }, { a: { b: 3 } }, { d: [2], a: { c: null } }), {
            a: { b: 3 },
            d: [2],
        });
    });

    it("writes flags sorted, without the undefined ones", () => {
        assert.deepEqual(flags({ b: ["x", "y"], a: true, c: undefined, d: 3 }), ["--a=true", "--b=x,y", "--d=3"]);
    });

    it("quotes variables and command lines for systemd", () => {
        assert.equal(variables({ B: 'a "$x"', A: "--v=0" }), 'A="--v=0"\nB="a \\"\\$x\\""\n');
        assert.equal(
            commandLine("/bin/x", "$KUBE_LOGGING", "--a=100%", "--b=$HOME", 'c "d"'),
            '/bin/x \\\n    $KUBE_LOGGING \\\n    --a=100%% \\\n    --b=$$HOME \\\n    "c \\"d\\""',
        );
    });

    it("writes units with a list as repeated lines", () => {
        assert.equal(
            unitText({ Unit: { Description: "x" }, Service: { EnvironmentFile: ["-/a", "-/b"] } }),
            "[Unit]\nDescription=x\n\n[Service]\nEnvironmentFile=-/a\nEnvironmentFile=-/b\n\n" +
                "[Install]\nWantedBy=multi-user.target\n",
        );
    });

    it("writes equal data as equal text", () => {
        assert.equal(yaml({ b: 1, a: { d: 1, c: [] } }), yaml({ a: { c: [], d: 1 }, b: 1 }));
    });
});
