import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as http from "node:http";
import { promisify } from "node:util";

import { allImages, allOf, applications } from "./applications";
import { conformance } from "./conformance";
import { filesBelow, found, needlesIn, needlesOf, watchProcesses } from "./secrets";
import { docker, eventually, lab, onNode, restarted, startTimes, TestStack, traces } from "./harness";

const run = promisify(execFile);
const stack = new TestStack();
const { addresses, config, domain, nodes } = lab;

interface Pod {
    metadata: { name: string };
    spec: { nodeName: string };
    status: { phase: string; podIP: string };
}

const pods = async (selector: string) =>
    (await stack.kubectlJson<{ items: Pod[] }>("get", "pods", "-l", selector)).items;

const get = (url: string): Promise<string> =>
    new Promise((resolve, reject) => {
        // A connection to a node that is just booting may hang for minutes.
        http.get(url, { signal: AbortSignal.timeout(3000) }, (answer) => {
            let body = "";
            answer.on("data", (chunk) => (body += chunk));
            answer.on("end", () => resolve(body)).on("error", reject);
        }).on("error", reject);
    });

/** No answer is one only where there is no engine. */
function engineStopped(error: Error): { stdout: string } {
    assert.match(error.message, /Cannot connect to the Docker daemon/);
    return { stdout: "" };
}

/** A secret as etcd keeps it: "NAMESPACE/NAME". */
const inEtcd = (secret: string) =>
    onNode(
        "e2e-1",
        "cd /etc/kubernetes/pki && /opt/etcd/current/etcdctl --endpoints https://127.0.0.1:2379 --cacert /etc/etcd/pki/ca.crt " +
            "--cert apiserver-etcd-client.crt --key apiserver-etcd-client.key " +
            `get --print-value-only /registry/secrets/${secret} | tr -cd '[:print:]'`,
    );

const everyNodeReady = () =>
    eventually("every node Ready", 120, async () => {
        const lines = (await stack.kubectl("get", "nodes", "--no-headers")).trim().split("\n");
        return lines.length === nodes.length && lines.every((line) => / Ready /.test(line)) && lines;
    });

describe("a cluster on the lab, from nothing to nothing", function () {
    this.timeout(30 * 60_000);
    this.bail(false);

    before(async () => {
        // What an interrupted run may have left.
        if (fs.existsSync(stack.configFile)) await stack.slipway(["down"]);
        fs.rmSync(stack.home, { recursive: true, force: true });
        stack.configure(config);
    });

    const killedHalfWay = async (at: RegExp) => {
        const { status } = await stack.slipway(["up"], { killAfter: (output) => at.test(output) });
        assert.notEqual(status, 0, "the run was to be killed");
    };
    /** Containers or networks of the lab. An engine that `down` has stopped, because it had started it, has none. */
    const ours = async (...list: string[]) => {
        const asked = docker(...list, "-q", "--filter", "label=slipway.lab=e2e");
        return (await asked.catch(engineStopped)).stdout.trim();
    };

    /** For the search for secrets: what runs have printed, and every process that ran on a node meanwhile. */
    const printed: string[] = [];
    let processes: ReturnType<typeof watchProcesses>;
    let seen = "";

    // Mocha runs what stands in nested suites last: so everything does.
    describe("it is built", () => {
        it("down clears what an up that was killed half-way has made", async () => {
            await killedHalfWay(/e2e-2-base creat/);
            assert.notEqual(await ours("ps", "-a"), "");
            await stack.must(["down"]);
            assert.equal(await ours("ps", "-a"), "");
            assert.equal(await ours("network", "ls"), "");
        });

        it("up, killed half-way and run again, builds the cluster and says what to try", async () => {
            await killedHalfWay(/-stage creat/);
            processes = watchProcesses(nodes);
            const { output } = await stack.must(["up"], { show: true });
            printed.push(output);
            seen = await processes.end();
            assert.match(output, /^Time\n(.*\n)* {4}activate +[\d.]+ s/m);
            for (const node of nodes) assert.match(output, new RegExp(node));
            assert.match(output, /http:\/\/172\.31\.232\.\d+:\d+\//);
            assert.match(output, /kubeconfig/i);
        });

        it("a second up at the same time says so and leaves", async () => {
            const both = await Promise.all([stack.slipway(["up"]), stack.slipway(["up"])]);
            assert.deepEqual(both.map(({ status }) => status).sort(), [0, 1]);
            assert.match(both.find(({ status }) => status === 1)!.output, /is working on this stack already/);
        });

        it("kubectl shows nodes, roles, versions, pods and services as users know them (A7)", async () => {
            const lines = await everyNodeReady();
            assert.match(lines[0], /control-plane/);
            for (const line of lines) assert.match(line, /v1\.36\.3/);
            // On the master kubectl is ready for root, without a word about a kubeconfig (B3).
            assert.match(await stack.kubectl("cluster-info"), /control plane.* is running at/);
            assert.match(await stack.kubectl("get", "pods", "-o", "wide", "-A"), /coredns/);
            assert.match(await stack.kubectl("get", "svc"), /hello-kube .*LoadBalancer/);
            assert.equal((await onNode("e2e-1", "kubectl get nodes --no-headers | wc -l")).trim(), "3");
        });

        it("on the way up nothing asked before it might, no pod was started in vain, and docker not again for its images", async () => {
            const early =
                "journalctl -o cat -u kube-controller-manager -u kube-scheduler | grep 'is forbidden' || true";
            assert.equal(await onNode("e2e-1", early), "");
            const failed = ["--field-selector", "reason=FailedCreatePodSandBox", "-o", "name"];
            assert.equal(await stack.kubectl("get", "events", "-A", ...failed), "");
            for (const node of nodes) {
                const times =
                    'date -d "$(systemctl show docker -P ActiveEnterTimestamp)" +%s; stat -c %Y /var/lib/slipway/manifests/stage';
                const [docker, staged] = (await onNode(node, times)).trim().split("\n").map(Number);
                assert.ok(docker < staged, `${node}: docker was started ${docker - staged} s after it had its images`);
            }
        });

        it("my-nginx answers on its cluster address from every node (A4)", async () => {
            const ip = await stack.kubectl("get", "svc", "my-nginx", "-o", "jsonpath={.spec.clusterIP}");
            for (const node of nodes) {
                assert.match(await onNode(node, `curl -sS --max-time 5 http://${ip}/`), /Welcome to nginx/);
            }
            assert.equal((await pods("app=my-nginx")).length, 3);
        });

        it("hello-kube answers on its cluster address and on a node's address, from 2 nodes (A5, A6 test 3)", async () => {
            const service = await stack.kubectlJson<{ spec: { clusterIP: string; externalIPs: string[] } }>(
                "get",
                "svc",
                "hello-kube",
            );
            assert.ok(addresses.includes(service.spec.externalIPs[0]));
            assert.match(await get(`http://${service.spec.externalIPs[0]}:8300/hostname`), /hello-kube/);
            assert.match(
                await onNode("e2e-3", `curl -sS http://${service.spec.clusterIP}:8300/hostname`),
                /hello-kube/,
            );
            const placed = new Set((await pods("app=hello-kube")).map((pod) => pod.spec.nodeName));
            assert.equal(placed.size, 2);
        });

        it("pods reach pods on other nodes and find services by name (C2)", async () => {
            const hello = await pods("app=hello-kube");
            const target = (await pods("app=my-nginx")).find((pod) => pod.spec.nodeName !== hello[0].spec.nodeName);
            assert.ok(target, "an nginx pod on another node");
            const dial = (host: string, port: number) =>
                onNode(
                    hello[0].spec.nodeName,
                    `curl -sS 'http://${hello[0].status.podIP}/dial?host=${host}&port=${port}&protocol=http&request=/'`,
                );
            assert.match(await dial(target.status.podIP, 80), /Welcome to nginx/);
            assert.match(await dial(`my-nginx.default.svc.${domain}`, 80), /Welcome to nginx/);
            assert.match(await dial("my-nginx", 80), /Welcome to nginx/);
        });

        it("kubectl logs, exec and port-forward work", async () => {
            const [pod] = await pods("app=hello-kube");
            assert.match(await stack.kubectl("logs", pod.metadata.name), /HTTP|http|Started/);
            assert.match(await stack.kubectl("exec", pod.metadata.name, "--", "/agnhost", "--help"), /Usage:/);
            const [command, ...words] = stack.kubectlWords("port-forward", `pod/${pod.metadata.name}`, "18300:80");
            const forward = spawn(command, words);
            try {
                const name = await eventually("port-forward", 20, () => get("http://127.0.0.1:18300/hostname"));
                assert.equal(name, pod.metadata.name);
            } finally {
                forward.kill();
            }
        });

        it("is hardened: nobody is anonymous, baseline holds, writes are in the audit log, secrets are nowhere in clear", async () => {
            const status = (path: string) =>
                onNode("e2e-1", `curl -sk -o /dev/null -w '%{http_code}' https://127.0.0.1:6443${path}`);
            assert.deepEqual([await status("/api"), await status("/livez")], ["401", "200"]);
            await stack.kubectl("create", "namespace", "fresh");
            const privileged = ["run", "p", "-n", "fresh", "--image=x", "--privileged"];
            await assert.rejects(stack.kubectl(...privileged), /violates PodSecurity "baseline:latest"/);
            await stack.kubectl("create", "secret", "generic", "s", "-n", "fresh", "--from-literal=word=Winterreise");
            const log = await onNode("e2e-1", 'grep -h \'"namespace":"fresh"\' /var/log/kubernetes/audit/audit.log');
            assert.match(log, /"verb":"create".*"resource":"secrets"/);
            assert.doesNotMatch(log, /Winterreise|V2ludGVycmVpc2/);
            assert.match(await inEtcd("fresh/s"), /k8s:enc:secretbox:v1:key-1:/);
        });

        it("the audit names what is changed by hand; one up mends it, and gives the secrets a new key", async () => {
            assert.match((await stack.must(["audit"])).output, /, 0 fail\./);
            await onNode("e2e-2", "chmod 644 /var/lib/kubelet/config.yaml");
            const { status, output } = await stack.slipway(["audit"]);
            assert.equal(status, 1);
            assert.match(output, /4\.1\.9 +e2e-2 .*config\.yaml has mode 644, more than 600/);
            config.cluster.encryption = { generation: 2 };
            stack.configure(config);
            const preview = (await stack.must(["preview"])).output;
            assert.match(preview, /key for secrets\s+generation 1 → 2/);
            assert.match(preview, /restarts kube-apiserver\.service/);
            await stack.must(["up"]);
            assert.match(await inEtcd("fresh/s"), /k8s:enc:secretbox:v1:key-1-2:/);
            const data = await stack.kubectl("get", "secret", "s", "-n", "fresh", "-o", "jsonpath={.data.word}");
            assert.equal(Buffer.from(data, "base64").toString(), "Winterreise");
            await stack.kubectl("delete", "namespace", "fresh");
            await stack.must(["audit"]);
        });

        it("a second up changes nothing and restarts nothing (X2)", async () => {
            const before = await startTimes(nodes);
            const { output } = await stack.must(["up"]);
            assert.doesNotMatch(
                output,
                /[+~-]\d* (created|updated|replaced|deleted)|\b[1-9]\d* (created|updated|replaced)/,
            );
            assert.deepEqual(restarted(before, await startTimes(nodes)), []);
        });

        conformance(stack);
    });

    describe("the applications and services that it is for", () => {
        let before = "";
        /** Everything that an add-on or a workload may bring, beyond what is in their own namespaces. */
        const objects = async () => {
            const kinds = "ns,crd,apiservice,clusterrole,clusterrolebinding,storageclass,pv,priorityclass,runtimeclass";
            const all = `${kinds},mutatingwebhookconfiguration,validatingwebhookconfiguration`;
            const inSystem = "deploy,ds,svc,sa,role,rolebinding,cm,secret";
            return (
                (await stack.kubectl("get", all, "-o", "name")) +
                (await stack.kubectl("get", inSystem, "-n", "kube-system", "-o", "name"))
            );
        };

        describe("switched on", () => {
            it("each is a line of the configuration; one up switches all of them on", async () => {
                before = await objects();
                const workloads = { ...config.workloads, ...allOf("workloads") };
                await Promise.all(Object.values(applications).map(({ prepare }) => prepare?.()));
                stack.configure({ ...config, images: allImages(), addons: allOf("addons"), workloads });
                const started = await startTimes(nodes);
                await stack.must(["up"], { show: true });
                assert.deepEqual(restarted(started, await startTimes(nodes)), []);
                assert.doesNotMatch((await stack.must(["preview"])).output, /to update|to create|to delete|to replace/);
                // With everything on that Slipway can deploy.
                await stack.must(["audit"]);
            });
        });

        Object.entries(applications).forEach(([name, { cases }]) => describe(name, () => cases(stack, lab)));

        describe("switched off", () => {
            after(() => allImages().forEach(({ archive }) => fs.rmSync(archive, { force: true })));

            it("they leave nothing", async () => {
                stack.configure({ ...config, addons: {}, remove: ["local-path", "metallb", "monitoring"] });
                await stack.must(["up"], { show: true });
                assert.equal(await objects(), before);
            });
        });
    });

    describe("it lives and goes", () => {
        it("no secret is printed by up, preview or info, and kubeconfig prints itself and nothing else", async () => {
            const { stdout } = await stack.must(["kubeconfig"]);
            assert.match(stdout, /^apiVersion: v1/);
            assert.match(stdout, /current-context: e2e/);
            const key = /client-key-data: (\S+)/.exec(stdout);
            assert.ok(key);
            const shown = (await stack.must(["preview"])).output + (await stack.must(["info"])).output;
            assert.ok(!shown.includes(key[1]));
            assert.doesNotMatch(shown, /PRIVATE KEY/);
            for (const node of nodes) assert.match(shown, new RegExp(node));
            // What is stored is encrypted: keys, kubeconfig, and the workers' bootstrap tokens.
            const stored = stack.state();
            assert.ok(stored.includes("ciphertext"));
            assert.ok(!stored.includes(key[1]) && !stored.includes(stdout.slice(0, 200)));
            assert.doesNotMatch(stored, /PRIVATE KEY|"[a-z0-9]{6}\.[a-z0-9]{16}\\n"/);
            const processes = await docker("exec", nodes[0], "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '");
            assert.doesNotMatch(processes.stdout, /PRIVATE KEY|--token[ =]/);
        });

        it("no key, token or password of the run is anywhere but where it belongs", async () => {
            const exporting = ["pulumi", "--", "stack", "export", "--show-secrets", "--stack", stack.name];
            const needles = [
                ...needlesOf(JSON.parse((await stack.must(exporting)).stdout)),
                ...needlesIn("SSH keys", filesBelow(`${stack.home}/lab`)),
                { of: "passphrase", text: fs.readFileSync(`${stack.home}/passphrase`, "utf8").trim() },
            ];
            // What is searched for is there where it belongs: the operator's key, a join token.
            assert.deepEqual(found(needles, fs.readFileSync(stack.kubeconfig(), "utf8")), ["e2e"]);
            assert.ok(needles.some(({ of }) => of === "e2e-2-credentials") && needles.length > 50);

            const temporary = `${stack.home}/temporary`;
            fs.mkdirSync(temporary, { recursive: true });
            stack.configure({ ...config, cluster: { ...config.cluster, kubelet: { maxPods: 99 } } });
            const loud = await stack.must(["preview", "--diff", "--", "--verbose=9"], { env: { TMPDIR: temporary } });
            stack.configure(config);
            const places: Record<string, string> = {
                "what up prints": printed.join(""),
                "a diff, and Pulumi's log at its highest verbosity": loud.output,
                "files that a run leaves here": filesBelow(temporary),
                "the state, its history and its backups": filesBelow(`${stack.home}/state`),
                "arguments and environments of processes": seen,
            };
            for (const node of nodes) {
                const journal =
                    "journalctl --no-pager -a -o cat; find /var/log -type f -not -path '*/journal/*' -exec cat {} +";
                places[`the logs of ${node}`] = await onNode(node, journal);
                const left = "find /tmp /var/tmp /run/slipway /home -type f -exec cat {} +";
                places[`temporary files of ${node}`] = await onNode(
                    node,
                    `${left}; zcat /var/lib/slipway/state.json.gz; true`,
                );
            }
            const leaks = Object.entries(places).map(([place, text]) => [place, found(needles, text)]);
            assert.deepEqual(
                leaks.filter(([, of]) => of.length > 0),
                [],
            );
            assert.ok(loud.output.includes("rpc.go") && seen.includes("kubelet"), "the places were searched");
        });

        it("a kubeconfig for somebody else has a name, groups and an end of its own, and may do what its groups may", async () => {
            const { stdout } = await stack.must([
                "kubeconfig",
                "--user",
                "anna",
                "--group",
                "viewers,ops",
                "--ttl",
                "15m",
            ]);
            const file = `${stack.home}/anna.yaml`;
            fs.writeFileSync(file, stdout, { mode: 0o600 });
            const [command, ...words] = stack.kubectlWords();
            words[words.indexOf("--kubeconfig") + 1] = file;
            const anna = (...more: string[]) => run(command, [...words, ...more]);
            const { stdout: who } = await anna("auth", "whoami", "-o", "json");
            const { username, groups } = JSON.parse(who).status.userInfo;
            assert.deepEqual([username, groups], ["anna", ["ops", "viewers", "system:authenticated"]]);
            await assert.rejects(anna("get", "pods"), /User "anna" cannot list resource "pods"/);
            await stack.kubectl("create", "clusterrolebinding", "viewers", "--clusterrole=view", "--group=viewers");
            await anna("get", "pods");
            await assert.rejects(anna("get", "secrets"), /cannot list resource "secrets"/);
            await stack.kubectl("delete", "clusterrolebinding", "viewers");
            const data = /client-certificate-data: (\S+)/.exec(stdout)![1];
            const { validTo } = new X509Certificate(Buffer.from(data, "base64"));
            assert.ok(Date.parse(validTo) - Date.now() < 16 * 60_000);
            assert.doesNotMatch(await stack.kubectl("get", "csr", "-o", "name"), /slipway-user/);
        });

        it("sbom lists binaries with the digests that nodes checked, images, and every node's packages (X6)", async () => {
            const { components } = JSON.parse((await stack.must(["sbom"])).stdout) as {
                components: { name: string; hashes?: { content: string }[]; properties: { value: string }[] }[];
            };
            const named = (name: string) => components.find((component) => component.name === name)!;
            const sum = await onNode("e2e-2", "sha256sum /opt/k8s/kubernetes/kubelet");
            assert.equal(named("kubelet").hashes![0].content, sum.split(" ")[0]);
            for (const name of ["kubelet", "nginx", "runc"]) {
                assert.equal(named(name).properties[0].value, nodes.join(","), name);
            }
        });

        it("a support bundle has logs and states of every node, and no secret", async () => {
            const { stdout } = await stack.must(["support-bundle"]);
            const bundle = stdout.trim();
            try {
                assert.equal(fs.statSync(bundle).mode & 0o777, 0o600);
                const { stdout: list } = await run("tar", ["tzf", bundle]);
                for (const node of nodes) assert.match(list, new RegExp(`/nodes/${node}/journal-kubelet\\.txt`));
                assert.match(list, /\/api\/cluster\.yaml/);
                const { stdout: text } = await run("tar", ["xzOf", bundle], { maxBuffer: 256 << 20 });
                assert.match(text, /Starting kubelet|Started kubelet/i);
                assert.doesNotMatch(text, /PRIVATE KEY|\beyJ[\w-]+\.eyJ/);
                const key = /client-key-data: (\S+)/.exec((await stack.must(["kubeconfig"])).stdout)![1];
                assert.ok(!text.includes(key));
            } finally {
                fs.rmSync(bundle);
            }
        });

        it("a node of another cluster is refused, and the way out is named (D14)", async () => {
            await onNode(
                "e2e-2",
                "cp -p /var/lib/slipway/owner /root/owner && echo other:0000 > /var/lib/slipway/owner",
            );
            const { status, output } = await stack.slipway(["up"]);
            await onNode("e2e-2", "mv /root/owner /var/lib/slipway/owner");
            assert.notEqual(status, 0);
            assert.match(output, /e2e-2/);
            assert.match(output, /belongs to/);
        });

        it("a node that fails holds up no other, and the end says who failed and why (X10)", async () => {
            const sysctl = "net.ipv4.tcp_keepalive_intvl";
            const inTheWay = `/etc/sysctl.d/90-slipway-${sysctl}.conf`;
            stack.configure({ ...config, cluster: { ...config.cluster, sysctls: { [sysctl]: 74 } } });
            await onNode("e2e-2", `mkdir ${inTheWay}`);
            const { status, output } = await stack.slipway(["up"]);
            await onNode("e2e-2", `rmdir ${inTheWay}`);
            stack.configure(config);
            assert.notEqual(status, 0);
            const end = output.slice(output.lastIndexOf("`pulumi up` ended"));
            assert.match(end, /^ {2}e2e-2 \(base\): .*is a directory/im);
            assert.equal([...end.matchAll(/^ {2}\S/gm)].length, 1, "one cause");
            const values = await Promise.all(nodes.map((node) => onNode(node, `sysctl -n ${sysctl}`)));
            assert.deepEqual(values, ["74\n", "75\n", "74\n"]);
            await stack.must(["up"]);
        });

        it("a lost state is missed by up, and comes back from a control plane by adopt; nothing has changed (D14)", async () => {
            const kept = await onNode("e2e-1", "zcat /var/lib/slipway/state.json.gz");
            const passphrase = fs.readFileSync(`${stack.home}/passphrase`, "utf8").trim();
            assert.ok(kept.includes("ciphertext") && !kept.includes("PRIVATE KEY") && !kept.includes(passphrase));
            const [there, away] = [`${stack.home}/state`, `${stack.home}/state.lost`];
            fs.renameSync(there, away);
            try {
                const { status, output } = await stack.slipway(["up"]);
                assert.equal(status, 1);
                assert.match(output, /e2e-1, e2e-2, e2e-3 belong to the cluster e2e .*no state/);
                assert.match(output, /npm run adopt -- --stack e2e/);
                assert.match((await stack.must(["adopt"])).output, /Stack e2e is here again: \d+ resources/);
                assert.doesNotMatch((await stack.must(["preview"])).output, /to update|to create|to delete|to replace/);
                fs.rmSync(away, { recursive: true });
            } finally {
                if (fs.existsSync(away)) {
                    fs.rmSync(there, { recursive: true, force: true });
                    fs.renameSync(away, there);
                }
            }
        });

        it("a snapshot of etcd brings back what was deleted since, and takes away what came since (X11)", async () => {
            const make = (name: string) =>
                stack.kubectl("create", "secret", "generic", name, "--from-literal", `word=${name}-word`);
            const word = "jsonpath={.data.word}";
            const pods = async () => (await stack.kubectl("get", "pods", "-A", "-o", "name")).trim().split("\n").sort();
            await make("kept");
            const file = `${stack.home}/etcd.db`;
            const { stdout } = await stack.must(["backup", "--to", file]);
            assert.equal(stdout.trim(), file);
            assert.equal(fs.statSync(file).mode & 0o777, 0o600);
            assert.ok(!fs.readFileSync(file).includes("kept-word"), "secrets are encrypted in there");
            await stack.kubectl("delete", "secret", "kept");
            await make("newer");
            const running = await pods();
            // Said without --yes it is a question, and of a file that is none it changes nothing.
            const asked = await stack.slipway(["restore", file]);
            assert.equal(asked.status, 1);
            assert.match(asked.output, /e2e-1.*everything that changed .*--yes/s);
            fs.writeFileSync(`${file}.cut`, fs.readFileSync(file).subarray(0, 100_000));
            assert.match((await stack.slipway(["restore", `${file}.cut`, "--yes"])).output, /no whole snapshot/);
            assert.ok(await stack.kubectl("get", "secret", "newer"));

            await stack.must(["restore", file, "--yes"]);
            assert.equal(
                Buffer.from(await stack.kubectl("get", "secret", "kept", "-o", word), "base64").toString(),
                "kept-word",
            );
            await assert.rejects(stack.kubectl("get", "secret", "newer"), /not found/);
            await everyNodeReady();
            assert.deepEqual(await pods(), running);
            // Informers have noticed that time went back: what is wanted now comes about.
            await stack.kubectl("scale", "deployment", "my-nginx", "--replicas", "4");
            await eventually("a fourth pod", 60, () =>
                stack.kubectl("wait", "--for=condition=Available", "deployment/my-nginx", "--timeout=20s"),
            );
            await eventually("a fourth pod runs", 60, async () => (await pods()).length === running.length + 1);
            await stack.kubectl("scale", "deployment", "my-nginx", "--replicas", "3");
            await stack.kubectl("delete", "secret", "kept");
            assert.match(await onNode("e2e-1", "ls -A /var/backups/etcd"), /^(etcd-\w+\.db\n)+$/);
        });

        it("all nodes powered off at once and on again: the cluster comes back by itself", async () => {
            await docker("kill", ...nodes);
            await docker("start", ...nodes);
            await everyNodeReady();
            await eventually("hello-kube after the power cut", 180, () => get(`http://${addresses[1]}:8300/hostname`));
            const ip = await stack.kubectl("get", "svc", "my-nginx", "-o", "jsonpath={.spec.clusterIP}");
            await eventually("my-nginx after the power cut", 180, async () =>
                /Welcome to nginx/.test(await onNode("e2e-2", `curl -sS --max-time 3 http://${ip}/`)),
            );
            assert.doesNotMatch((await stack.must(["preview"])).output, /to update|to create|to delete/);
        });

        it("workloads taken out of the config leave nothing (A6)", async () => {
            stack.configure({ ...config, workloads: { "hello-kube": { replicas: 3 } } });
            await stack.must(["up"]);
            assert.equal((await pods("app=hello-kube")).length, 3);
            assert.equal((await pods("app=my-nginx")).length, 0);
            stack.configure({ ...config, workloads: {} });
            await stack.must(["up"]);
            const left = await stack.kubectl("get", "all", "-n", "default", "-o", "name");
            assert.equal(left.trim(), "service/kubernetes");
        });

        it("destroyed while its machines stay, the cluster leaves nothing on them (B11)", async () => {
            const urn = "urn:pulumi:e2e::slipway::slipway:index:Cluster::e2e";
            await stack.must(["pulumi", "destroy", "--yes", "--skip-preview", "--target", urn, "--target-dependents"]);
            for (const node of nodes) {
                // podman's own, which was on e2e-3 before us.
                const podmans = /87-podman-bridge|cni\.lock|^\/var\/lib\/cni$/;
                const found = (await traces(node)).filter((trace) => !(node === "e2e-3" && podmans.test(trace)));
                assert.deepEqual(found, [], node);
            }
            // The engine of e2e-1 was there before us, and stays; that of e2e-3 goes.
            assert.match(await onNode("e2e-1", "docker --version"), /Docker version/);
            assert.match(await onNode("e2e-3", "docker --version 2>&1 || echo none"), /none/);
            const machines = (await ours("ps")).split("\n");
            assert.equal(machines.length, nodes.length + 1);
        });

        it("down leaves no container, network, volume or state of ours", async () => {
            await stack.must(["down"]);
            assert.equal(await ours("ps", "-a"), "");
            assert.equal(await ours("network", "ls"), "");
            assert.equal(await ours("volume", "ls"), "");
            const left = await docker("ps", "-a", "--format", "{{.Names}}").catch(engineStopped);
            assert.doesNotMatch(left.stdout, /^e2e-/m);
        });
    });
});
