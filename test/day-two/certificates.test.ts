/** Certificates that never surprise: renewed in time, authorities and keys rotated, on a lab of two nodes (X7). */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";

import { eventually, onNode, restarted, startTimes, TestStack } from "../e2e/harness";
import { askApi, askService } from "./loops";

const run = promisify(execFile);
const stack = new TestStack("pki");
const nodes = ["pki-1", "pki-2"];
const [controlPlane, worker] = nodes;
const hour = 3_600_000;

const config = {
    cluster: { name: "pki", certificates: { hours: 240, renewHours: 60 } as Record<string, unknown> },
    lab: { name: "pki", subnet: "172.31.234.0/24", controlPlanes: 1, workers: 1, sshPort: 2351, apiPort: 6453 },
    workloads: { "my-nginx": { replicas: 2 } },
};

/** The environment of a run whose clock is moved. */
const movedBy = (hours: number) => ({
    NODE_OPTIONS: `--require=${path.join(__dirname, "clock.cjs")}`,
    SLIPWAY_TEST_HOURS: String(hours),
});

/** When a certificate on the control plane ends, in hours from now. */
async function hoursLeft(file: string): Promise<number> {
    const end = await onNode(controlPlane, `openssl x509 -noout -enddate -in ${file}`);
    return (Date.parse(end.trim().replace("notAfter=", "")) - Date.now()) / hour;
}

const issued = ["apiserver", "apiserver-etcd-client", "apiserver-kubelet-client", "front-proxy-client", "scheduler"]
    .map((name) => `/etc/kubernetes/pki/${name}.crt`)
    .concat(["/etc/etcd/pki/server.crt", "/etc/etcd/pki/peer.crt"]);

const units =
    (...names: string[]) =>
    (key: string) =>
        names.some((name) => key.endsWith(`/${name}`));
const agents = units("kubelet", "kube-proxy", "docker", "cri-dockerd");

/** Authorities in a file on a node, by their generations. */
async function authorities(node: string, file: string): Promise<string[]> {
    const read = `openssl crl2pkcs7 -nocrl -certfile ${file} | openssl pkcs7 -print_certs -noout | grep ^subject`;
    return [...(await onNode(node, read)).matchAll(/-ca-(g\d+)$/gm)].map(([, generation]) => generation);
}

/** Who signed what a port shows. */
async function shownBy(node: string, port: number): Promise<string> {
    const ask = `openssl s_client -connect 127.0.0.1:${port} </dev/null 2>/dev/null | openssl x509 -noout -issuer`;
    return /-ca-(g\d+)$/m.exec(await onNode(node, ask))![1];
}

const everyNodeReady = () =>
    eventually("every node Ready", 120, async () => {
        const lines = (await stack.kubectl("get", "nodes", "--no-headers")).trim().split("\n");
        return lines.length === nodes.length && lines.every((line) => / Ready /.test(line));
    });

/** Both loops around what is done meanwhile: the service never fails, the API only while its server restarts. */
async function whileAsked(restarts: number, work: () => Promise<void>): Promise<void> {
    const address = await stack.kubectl("get", "svc", "my-nginx", "-o", "jsonpath={.spec.clusterIP}");
    const service = await askService(worker, `http://${address}/`);
    const api = askApi(stack.kubeconfig());
    try {
        await work();
    } finally {
        const [seen, { asked, failures }] = [await api.end(), await service.end()];
        const gaps = seen.gaps.map(({ milliseconds }) => `${(milliseconds / 1000).toFixed(1)} s`);
        console.log(
            `      API: ${seen.asked} requests, no answer for ${gaps.join(", ") || "no time"}; service: ${asked}`,
        );
        assert.deepEqual(seen.refusals, []);
        assert.ok(seen.gaps.length <= restarts, `${seen.gaps.length} gaps: ${JSON.stringify(seen.gaps)}`);
        assert.ok(seen.asked > 50 && asked > 50);
        assert.equal(failures, "");
    }
}

const configuration = () =>
    (parse(fs.readFileSync(stack.configFile, "utf8")) as { config: Record<string, Record<string, unknown>> }).config[
        "slipway:cluster"
    ];

/** A pod with the token of a service account, as a user may have made it: nothing replaces it. */
const barePod = (image: string) => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "bare", namespace: "default" },
    spec: { containers: [{ name: "web", image, imagePullPolicy: "IfNotPresent" }] },
});
/** The same with a controller that rolls nothing by itself. */
const replicaSet = (image: string) => ({
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: { name: "set", namespace: "default" },
    spec: {
        replicas: 2,
        selector: { matchLabels: { app: "set" } },
        template: { metadata: { labels: { app: "set" } }, spec: barePod(image).spec },
    },
});

describe("certificates on a lab", function () {
    this.timeout(20 * 60_000);
    this.bail(true);

    const apply = async (object: object) => {
        const file = path.join(stack.home, "object.json");
        fs.writeFileSync(file, JSON.stringify(object));
        await stack.kubectl("apply", "-f", file);
    };

    before(async () => {
        if (fs.existsSync(stack.configFile)) await stack.slipway(["down"]);
        fs.rmSync(stack.home, { recursive: true, force: true });
        stack.configure(config);
    });
    after(async () => {
        await stack.slipway(["down"]);
        fs.rmSync(stack.home, { recursive: true, force: true });
    });

    describe("renewed", () => {
        it("are issued 200 hours ago, by a run whose clock is behind, and are due", async () => {
            await stack.must(["up"], { show: true, env: movedBy(-200) });
            await everyNodeReady();
            for (const file of issued) assert.ok(Math.abs((await hoursLeft(file)) - 40) < 1, file);
            const { output } = await stack.must(["info"], { show: true });
            assert.match(output, /⚠ The certificate pki-1\/apiserver ends on .*`up` renews it/);
            assert.doesNotMatch(output, /kubelet's/);
        });

        it("are named by the preview, with the units that restart", async () => {
            const { output } = await stack.must(["preview"], { show: true });
            for (const name of ["pki-1/apiserver", "pki-1/etcd-peer", "admin"]) {
                assert.match(output, new RegExp(`certificate ${name}`));
            }
            assert.match(output, /restarts etcd\.service, kube-apiserver\.service, kube-controller-manager\.service/);
            assert.doesNotMatch(output, /pki-2 +\w/);
        });

        it("by an ordinary up, one restart of the API server long", async () => {
            const before = await startTimes(nodes);
            await whileAsked(1, async () => {
                await stack.must(["up"], { show: true });
            });
            for (const file of issued) assert.ok((await hoursLeft(file)) > 230, file);
            const again = restarted(before, await startTimes(nodes));
            for (const unit of ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]) {
                assert.ok(again.includes(`${controlPlane}/${unit}`), unit);
            }
            assert.deepEqual(again.filter(agents), []);
            const { output } = await stack.must(["info"]);
            assert.doesNotMatch(output, /⚠/);
        });

        it("and the next up changes nothing", async () => {
            const before = await startTimes(nodes);
            const { output } = await stack.must(["up"]);
            assert.doesNotMatch(output, /\b[1-9]\d* (created|updated|replaced|deleted)/);
            assert.deepEqual(restarted(before, await startTimes(nodes)), []);
        });
    });

    describe("authorities rotated", () => {
        let old: string;
        let copy: string;

        it("not all at once: a new generation that nobody trusts is refused, and nothing is touched", async () => {
            old = path.join(stack.home, "old");
            fs.copyFileSync(stack.kubeconfig(), old);
            copy = path.join(stack.home, "copy");
            await stack.must(["kubeconfig", "--merge"], { env: { KUBECONFIG: copy } });
            const before = await startTimes(nodes);
            const { certificates } = config.cluster;
            stack.configure({
                ...config,
                cluster: { ...config.cluster, certificates: { ...certificates, generation: 2 } },
            });
            const { status, output } = await stack.slipway(["up"], { show: true });
            assert.notEqual(status, 0);
            assert.match(output, /generation can't become 2: pki-1, pki-2 must trust/);
            assert.deepEqual(restarted(before, await startTimes(nodes)), []);
            stack.configure(config);
        });

        /** The preview of a phase, which is no more than two lines of configuration. */
        const previewOf = async (generations: object) => {
            const certificates = { ...config.cluster.certificates, ...generations };
            stack.configure({ ...config, cluster: { ...config.cluster, certificates } });
            return (await stack.must(["preview"], { show: true })).output;
        };

        it("the preview of the first phase: who is trusted beside, and that pods are replaced", async () => {
            const output = await previewOf({ generation: 1, trusted: [2] });
            assert.match(
                output,
                /\+ certificate cluster-ca\n +\/etc\/kubernetes\/pki\/ca\.crt, \/etc\/kubernetes\/admin\.conf/,
            );
            assert.match(output, /pods that use the API/);
            assert.match(output, /restarts kube-proxy\.service, kubelet\.service/);
            stack.configure(config);
        });

        it("not while a machine doesn't answer", async () => {
            await onNode(worker, "systemctl stop ssh");
            try {
                const { status, output } = await stack.slipway(["rotate-ca"], { show: true });
                assert.equal(status, 1);
                assert.match(output, /Not all machines answer[^]*pki-2:[^]*Nothing was changed/);
                assert.deepEqual(configuration().certificates, config.cluster.certificates);
            } finally {
                await onNode(worker, "systemctl start ssh");
            }
        });

        it("halts while a pod that nothing replaces may not trust the new one; the others are replaced", async () => {
            const image = await stack.kubectl(
                "get",
                "deploy",
                "my-nginx",
                "-o",
                "jsonpath={.spec.template.spec.containers[0].image}",
            );
            await apply(barePod(image));
            await apply(replicaSet(image));
            await stack.kubectl("wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s");
            const pods = async () => (await stack.kubectl("get", "pods", "-A", "-o", "name")).trim().split("\n");
            const before = await pods();
            await whileAsked(1, async () => {
                const { status, output } = await stack.slipway(["rotate-ca"], {
                    show: true,
                    env: { KUBECONFIG: copy },
                });
                assert.equal(status, 1);
                assert.match(
                    output,
                    /halts in the phase "trust":\n {2}- the pod default\/bare may not trust generation 2/,
                );
                assert.doesNotMatch(output, /\bpod (?!default\/bare)\S+ may not/);
            });
            assert.deepEqual(configuration().certificates, {
                ...config.cluster.certificates,
                generation: 1,
                trusted: [2],
            });
            // Those that were replaced may still be ending.
            await eventually("all others are replaced", 60, async () => {
                const kept = (await pods()).filter((pod) => before.includes(pod)).map((pod) => pod.replace("pod/", ""));
                const names = kept.map((pod) => pod.replace(/-[a-z0-9]+-[a-z0-9]+$/, "")).sort();
                return names.join() === "bare,my-nginx,my-nginx";
            });
            for (const node of nodes) {
                assert.deepEqual(await authorities(node, "/etc/kubernetes/pki/ca.crt"), ["g1", "g2"]);
                assert.equal(await shownBy(node, 10250), "g1");
            }
            await stack.kubectl("delete", "pod", "bare", "--now");
        });

        it("the preview of the second phase: what is signed anew, and that kubelets get certificates of their own", async () => {
            const output = await previewOf({ generation: 2, trusted: [1] });
            assert.match(output, /certificate pki-1\/apiserver\n +generation 1 → 2/);
            assert.match(
                output,
                /pki-2 +base [^]*?\n +activate +~ certificates of the kubelet\n +generation 1 → 2\n +restarts kube-proxy\.service, kubelet\.service/,
            );
            await previewOf({ generation: 1, trusted: [2] });
        });

        it("killed in the middle of the second phase, and said again: it goes on to the end, and the API answers", async () => {
            await whileAsked(4, async () => {
                const killed = await stack.slipway(["rotate-ca"], {
                    show: true,
                    env: { KUBECONFIG: copy },
                    killAfter: (output) => /generation: 2, trusted: \[1\][^]*pki-1-control-plane updat/.test(output),
                });
                assert.notEqual(killed.status, 0);
                await stack.must(["rotate-ca"], { show: true, env: { KUBECONFIG: copy } });
            });
            await everyNodeReady();
        });

        it("and nothing of the old generation is left: on disk, in what is shown, in the state, in the configuration", async () => {
            assert.deepEqual(configuration().certificates, { ...config.cluster.certificates, generation: 2 });
            for (const node of nodes) {
                assert.deepEqual(await authorities(node, "/etc/kubernetes/pki/ca.crt"), ["g2"]);
                assert.equal(await shownBy(node, 10250), "g2");
            }
            for (const file of ["/etc/etcd/pki/ca.crt", "/etc/kubernetes/pki/front-proxy-ca.crt"]) {
                assert.deepEqual(await authorities(controlPlane, file), ["g2"]);
            }
            const published = await stack.kubectl(
                ...["-n", "kube-system", "get", "configmap", "extension-apiserver-authentication", "-o", "json"],
            );
            for (const field of ["client-ca-file", "requestheader-client-ca-file"]) {
                assert.equal(JSON.parse(published).data[field].match(/BEGIN CERTIFICATE/g).length, 1, field);
            }
            assert.deepEqual([await shownBy(controlPlane, 6443), await shownBy(controlPlane, 2379)], ["g2", "g2"]);
            const known = [...new Set(stack.state().match(/pki-pki-[\w-]*-g\d\b/g))];
            assert.ok(known.length > 10);
            assert.deepEqual(known.filter((name) => /-g1$/.test(name)).sort(), [
                "pki-pki-encryption-g1",
                "pki-pki-service-account-g1",
            ]);
        });

        it("clients of the old authority are refused, and don't believe the API either", async () => {
            const [kubectl] = stack.kubectlWords();
            const ask = (...words: string[]) => run(kubectl, ["--kubeconfig", old, ...words, "get", "nodes"]);
            await assert.rejects(ask(), /certificate signed by unknown authority/);
            // Its certificate alone, to a server that it doesn't check.
            await assert.rejects(ask("--insecure-skip-tls-verify"), /Unauthorized|logged in/);
            const { stdout } = await run(kubectl, ["--kubeconfig", copy, "get", "nodes", "-o", "name"]);
            assert.deepEqual(stdout.trim().split("\n"), ["node/pki-1", "node/pki-2"]);
        });

        it("what goes through kubelets works, and the next up changes nothing", async () => {
            const pods = await stack.kubectl(
                "get",
                "pods",
                "-l",
                "app=my-nginx",
                "-o",
                "jsonpath={.items[*].metadata.name}",
            );
            for (const pod of pods.split(" "))
                assert.match(await stack.kubectl("exec", pod, "--", "nginx", "-v"), /^$/);
            const before = await startTimes(nodes);
            const { output } = await stack.must(["up"]);
            assert.doesNotMatch(output, /\b[1-9]\d* (created|updated|replaced|deleted)/);
            assert.deepEqual(restarted(before, await startTimes(nodes)), []);
            assert.match((await stack.must(["drift"])).output, /Nothing has drifted/);
        });
    });

    describe("the key of service accounts rotated", () => {
        const token = async () => (await stack.kubectl("create", "token", "default", "--duration=2h")).trim();
        /** The status of a request that shows a token and nothing else. */
        const statusFor = (text: string) =>
            onNode(
                controlPlane,
                `curl -sS -o /dev/null -w '%{http_code}' --cacert /etc/kubernetes/pki/ca.crt -H 'Authorization: Bearer ${text}' ` +
                    "https://127.0.0.1:6443/api",
            );
        let first: string;

        it("the new key signs, and tokens of the old one are good until they end", async () => {
            first = await token();
            await whileAsked(2, async () => {
                const { output } = await stack.must(["rotate-service-accounts"], { show: true });
                assert.match(output, /the last one of the old key ends by .*again after that/);
            });
            assert.deepEqual(configuration().serviceAccounts, { generation: 2, trusted: [1] });
            assert.deepEqual([await statusFor(first), await statusFor(await token())], ["200", "200"]);
        });

        it("a day later it halts while a token that never ends is of the old key", async () => {
            const annotations = { "kubernetes.io/service-account.name": "default" };
            const type = "kubernetes.io/service-account-token";
            await apply({ apiVersion: "v1", kind: "Secret", metadata: { name: "lasting", annotations }, type });
            // Its key began to sign when this was there already, as far as the files tell.
            await onNode(controlPlane, "touch /etc/kubernetes/pki/service-account.key");
            const { status, output } = await stack.slipway(["rotate-service-accounts"], {
                show: true,
                env: movedBy(25),
            });
            assert.equal(status, 1);
            assert.match(output, /Tokens that never end .* default\/lasting\. Delete/);
            await stack.kubectl("delete", "secret", "lasting");
        });

        it("and then the old key goes, with every token that it has signed", async () => {
            await whileAsked(2, async () => {
                await stack.must(["rotate-service-accounts"], { show: true, env: movedBy(25) });
            });
            assert.deepEqual(configuration().serviceAccounts, { generation: 2 });
            assert.deepEqual([await statusFor(first), await statusFor(await token())], ["401", "200"]);
            await everyNodeReady();
        });
    });

    describe("all ended, as after a year in a drawer", () => {
        /** Gives a kubelet a certificate that ended yesterday, and the daemon the chance to notice. */
        const endKubelet = async (node: string) => {
            const sign = [
                "cd $(mktemp -d)",
                "openssl ecparam -name prime256v1 -genkey -noout -out key",
                `openssl req -new -key key -subj /O=system:nodes/CN=system:node:${node} -out csr`,
                "openssl x509 -req -in csr -CA /etc/kubernetes/pki/signer.crt -CAkey /etc/kubernetes/pki/ca.key -set_serial 1 -days -1 -out crt 2>/dev/null",
                "cat crt key | base64 -w 0",
            ];
            const pem = await onNode(controlPlane, sign.join(" && "));
            const file = "/var/lib/kubelet/pki/kubelet-client-current.pem";
            await onNode(node, `echo ${pem} | base64 -d >$(readlink -f ${file}) && systemctl restart kubelet`);
        };

        it("no node can speak to the API, nor anybody else", async () => {
            for (const node of nodes) await endKubelet(node);
            const { output } = await stack.must(["info"]);
            for (const node of nodes) {
                assert.match(output, new RegExp(`⚠ The kubelet's client certificate of ${node} ended on .*join anew`));
            }
            const { certificates } = configuration();
            stack.configure({
                ...config,
                cluster: { ...configuration(), certificates: { ...(certificates as object), hours: 241 } },
            });
            const { status } = await stack.slipway(["up"], { env: movedBy(-300) });
            assert.notEqual(status, 0, "an API whose certificates have ended was taken for one that answers");
            assert.ok((await hoursLeft("/etc/kubernetes/pki/apiserver.crt")) < 0);
        });

        it("and one ordinary up brings all of it back", async () => {
            await stack.must(["up"], { show: true });
            await everyNodeReady();
            for (const file of issued) assert.ok((await hoursLeft(file)) > 230, file);
            const { output } = await stack.must(["info"]);
            assert.doesNotMatch(output, /⚠/);
            const before = await startTimes(nodes);
            const again = (await stack.must(["up"])).output;
            assert.doesNotMatch(again, /\b[1-9]\d* (created|updated|replaced|deleted)/);
            assert.deepEqual(restarted(before, await startTimes(nodes)), []);
        });
    });
});
