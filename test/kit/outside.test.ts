import * as assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { validate } from "../../components/config/validate";
import { nodesOf } from "../../components/inventory";
import { type Fragment, outside, render, restartedByOutside } from "../../components/render";
import { sha256 } from "../../mirror/files";
import { writeCertificates } from "../contract/kubernetes/certificates";
import { Machine } from "./machine";
import { proxyServer, type ProxyServer } from "./proxyServer";

const tool = "#!/bin/sh\necho tool\n";
const stage = `artifact tool 1 secure.example/tool amd64=${sha256(tool)} arm64=${sha256(tool)}
| 0755 /opt/tool
`;
const dockerd = "tr '\\0' '\\n' </proc/$(pidof dockerd)/environ";
const bundle = "/etc/ssl/certs/ca-certificates.crt";

describe("kit: a machine behind a proxy, with an authority of one's own", function () {
    this.timeout(300_000);
    let machine: Machine;
    let folder: string;
    let proxy: ProxyServer;
    let authority: string;
    let trustBefore: string;

    /** What a step lists, in the words of the configuration. */
    function manifest(cluster: object, unit: "started" | "active"): string {
        const checked = validate({
            cluster: { name: "hex", ...cluster },
            nodes: [{ name: "n1", address: "10.0.0.1", roles: ["control-plane"] }],
        });
        assert.ok("settings" in checked, JSON.stringify(checked));
        const { settings } = checked;
        const [node] = nodesOf(settings.cluster, settings.nodes);
        const docker: Fragment = [{ kind: "unit", name: "docker.service", state: unit }];
        return render(outside(node, settings.cluster), restartedByOutside(docker, node, settings.cluster));
    }
    const settings = (...direct: string[]) => ({
        proxies: { http: proxy.url, https: proxy.url, no: ["registry.lan", ...direct] },
        authorities: [authority],
    });
    const step = async (words: string, text: string) => {
        const { code, stdout, stderr } = await machine.step(words, text);
        assert.equal(code, 0, stderr);
        return stdout;
    };

    before(async () => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-outside-"));
        await writeCertificates(folder, "secure.example");
        const read = (name: string) => fs.readFileSync(path.join(folder, name), "utf8");
        authority = read("ca.crt");
        machine = await Machine.start("node");
        trustBefore = await machine.root(`sha256sum ${bundle}`);
        const own = { host: "secure.example", text: tool, certificate: read("server.crt"), key: read("server.key") };
        proxy = await proxyServer(await machine.cutOff(), own);
        await machine.upload();
    });
    after(async () => {
        await machine?.stop();
        await proxy?.close();
        fs.rmSync(folder, { recursive: true, force: true });
    });

    it("apt goes through the proxy; docker, which ran before, restarts at once where no pod can be", async () => {
        const base = manifest(settings(), "started").replace(/^unit/m, "package ed\nunit");
        await step("base apply owner=hex:abc source=https://", base);
        assert.ok(proxy.asked.includes("deb.debian.org"), proxy.asked.join());
        assert.match(await machine.root(dockerd), new RegExp(`^HTTP_PROXY=${proxy.url}$`, "m"));
        const since = await machine.since("docker");
        assert.equal(await step("base apply owner=hex:abc source=https://", base), "");
        assert.equal(await machine.since("docker"), since);
    });

    it("downloads go through it, and trust the authority", async () => {
        assert.match(await step("stage apply", stage), /tool 1 installed/);
        assert.ok(proxy.asked.includes("secure.example"));
        assert.equal(await machine.root("/opt/tool"), "tool\n");
    });

    it("activated, docker runs on, and asks the cluster's own directly", async () => {
        const since = await machine.since("docker");
        await step("activate apply", manifest(settings(), "active"));
        assert.equal(await machine.since("docker"), since);
        assert.match(
            await machine.root(dockerd),
            /^NO_PROXY=localhost,127\.0\.0\.1,10\.0\.0\.1,hex\.k8s\.local,.*\.svc,.*registry\.lan$/m,
        );
    });

    it("of a node docker restarts in its turn, once", async () => {
        const [base, active] = [manifest(settings("b.lan"), "started"), manifest(settings("b.lan"), "active")];
        const since = await machine.since("docker");
        await step("base apply owner=hex:abc source=https://", base);
        assert.equal(await machine.since("docker"), since);
        assert.match(await step("activate apply", active), /docker.service/);
        assert.match(await machine.root(dockerd), /^NO_PROXY=.*b\.lan$/m);
        const restarted = await machine.since("docker");
        assert.notEqual(restarted, since);
        assert.equal(await step("activate apply", active), "");
        assert.equal(await machine.since("docker"), restarted);
    });

    it("without them nothing is left but the machine's own authorities", async () => {
        await step("base apply owner=hex:abc source=https://", manifest({}, "started"));
        await step("activate apply", manifest({}, "active"));
        assert.doesNotMatch(await machine.root(dockerd), /PROXY/);
        assert.equal(await machine.root(`sha256sum ${bundle}`), trustBefore);
        assert.equal(await machine.root("ls /etc/apt/apt.conf.d /etc/systemd/system | grep slipway || true"), "");
    });
});
