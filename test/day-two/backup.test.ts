import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { stringify } from "yaml";

import { images } from "../../mirror/catalogue";
import { writeCertificates } from "../contract/kubernetes/certificates";
import { eventually, onNode, TestStack } from "../e2e/harness";
import { S3Server } from "../kit/s3Server";
import { Machines } from "./machines";

const stack = new TestStack("bak");
const machines = new Machines(stack, {
    name: "bak",
    subnet: "172.31.235.0/24",
    controlPlanes: 1,
    workers: 1,
    sshPort: 2361,
    apiPort: 6463,
});
const [first, second] = machines.names;
const login = { access: "AKIAEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };

/** What somebody's day is made of: a secret, a volume of the cluster's and a claim of it, and pods on either node. */
const belongings = (node: string) =>
    [
        { apiVersion: "v1", kind: "Secret", metadata: { name: "kept" }, stringData: { word: "kept-word" } },
        {
            apiVersion: "v1",
            kind: "PersistentVolume",
            metadata: { name: `data-${node}` },
            spec: {
                capacity: { storage: "1Gi" },
                accessModes: ["ReadWriteOnce"],
                storageClassName: "by-hand",
                hostPath: { path: "/srv/data", type: "DirectoryOrCreate" },
            },
        },
        {
            apiVersion: "v1",
            kind: "PersistentVolumeClaim",
            metadata: { name: "data" },
            spec: {
                accessModes: ["ReadWriteOnce"],
                storageClassName: "by-hand",
                volumeName: `data-${node}`,
                resources: { requests: { storage: "1Gi" } },
            },
        },
        ...[first, second].map((nodeName) => ({
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata: { name: `on-${nodeName}`, labels: { app: nodeName } },
            spec: {
                selector: { matchLabels: { app: nodeName } },
                template: {
                    metadata: { labels: { app: nodeName } },
                    spec: {
                        nodeSelector: { "kubernetes.io/hostname": nodeName },
                        terminationGracePeriodSeconds: 0,
                        containers: [
                            {
                                name: "pause",
                                image: images().agnhost.reference,
                                args: ["netexec"],
                                volumeMounts: nodeName === node ? [{ name: "data", mountPath: "/data" }] : [],
                            },
                        ],
                        volumes:
                            nodeName === node ? [{ name: "data", persistentVolumeClaim: { claimName: "data" } }] : [],
                    },
                },
            },
        })),
    ]
        .map((object) => stringify(object))
        .join("---\n");

interface PodList {
    items: { metadata: { name: string; uid: string }; status: { containerStatuses: { containerID: string }[] } }[];
}

describe("etcd backed up, damaged and restored: on the same machines and on new ones (X11)", function () {
    this.timeout(60 * 60_000);
    this.bail(true);
    const certificates = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-bak-"));
    const file = path.join(certificates, "etcd.db");
    let store: S3Server;
    let port: number | undefined;

    const serve = async () => {
        const read = (name: string) => fs.readFileSync(path.join(certificates, name), "utf8");
        const tls = { certificate: read("server.crt"), key: read("server.key") };
        const where = { address: machines.gateway, port, region: "us-east-1", bucket: "backups" };
        store = await S3Server.start({ ...tls, login, ...where });
        port = store.port;
    };
    const cluster = () => ({
        snapshots: {
            copies: {
                folder: "/mnt/nas",
                s3: {
                    endpoint: `https://store.lan:${port}`,
                    bucket: "backups",
                    accessKey: login.access,
                    secretKey: login.secret,
                    authority: path.join(certificates, "ca.crt"),
                },
            },
        },
    });
    /** What a machine's owner does by hand: the store's name, and a share that is mounted. */
    const outfit = async (name: string) => {
        await machines.machine(name).exec(`echo '${machines.gateway} store.lan' >>/etc/hosts`);
        await machines.machine(name).exec("mkdir -p /mnt/nas && mount -t tmpfs tmpfs /mnt/nas");
    };
    const ready = () =>
        eventually("both nodes Ready", 180, async () => {
            const lines = (await stack.kubectl("get", "nodes", "--no-headers")).trim().split("\n");
            return lines.length === 2 && lines.every((line) => / Ready /.test(line));
        });
    const podOf = async (app: string) => {
        await stack.kubectl("rollout", "status", `deployment/on-${app}`, "--timeout=120s");
        const { items } = await stack.kubectlJson<PodList>("get", "pods", "-l", `app=${app}`);
        assert.equal(items.length, 1);
        return { name: items[0].metadata.name, container: items[0].status.containerStatuses[0].containerID };
    };
    const word = async () => {
        const text = await stack.kubectl("get", "secret", "kept", "-o", "jsonpath={.data.word}");
        return Buffer.from(text, "base64").toString();
    };
    /** Everything of the old time works, and something new comes about. */
    const lives = async () => {
        await ready();
        assert.equal(await word(), "kept-word");
        assert.equal(await stack.kubectl("get", "pvc", "data", "-o", "jsonpath={.status.phase}"), "Bound");
        for (const node of [first, second]) {
            // Through the kubelet, by its serving certificate. On a new machine both take their time, and the API believes
            // meanwhile what it knew of the pod.
            await eventually(`a command runs in the pod on ${node}`, 120, async () => {
                const { name } = await podOf(node);
                return /Usage:/.test(await stack.kubectl("exec", name, "--", "/agnhost", "--help"));
            });
            await eventually(`the lease of ${node} is renewed`, 60, async () => {
                const path = "jsonpath={.spec.renewTime}";
                const renewed = await stack.kubectl("get", "lease", "-n", "kube-node-lease", node, "-o", path);
                return Date.now() - Date.parse(renewed) < 30_000;
            });
        }
        await stack.kubectl(
            "create",
            "deployment",
            "new",
            `--image=${images().agnhost.reference}`,
            "--",
            "/agnhost",
            "pause",
        );
        await stack.kubectl("rollout", "status", "deployment/new", "--timeout=120s");
        await stack.kubectl("delete", "deployment", "new");
    };
    const nothingToDo = async () => {
        const { output } = await stack.must(["preview"]);
        assert.match(output, /Nothing would change/);
    };

    before(async () => {
        await writeCertificates(certificates, "store.lan");
        port = 9443;
        await machines.start(cluster());
        await serve();
        await Promise.all(machines.names.map(outfit));
    });
    after(async () => {
        await store?.stop();
        await machines.end();
        fs.rmSync(certificates, { recursive: true, force: true });
    });

    const backup = async (...words: string[]) => (await stack.must(["backup", ...words])).stdout.trim();
    const copies = () => [...store.objects.keys()].sort();
    let reference = "";

    it("a snapshot is fetched, and copied to the folder and to the store", async () => {
        await stack.must(["up"], { show: true });
        await ready();
        const objects = path.join(certificates, "belongings.yaml");
        fs.writeFileSync(objects, belongings(first));
        await stack.kubectl("apply", "-f", objects);
        await Promise.all([first, second].map(podOf));
        assert.equal(await backup("--to", file), file);
        const [name] = (await onNode(first, "ls /var/backups/etcd")).trim().split("\n");
        await eventually("a copy in the store", 90, async () => copies().join() === `bak/${first}/${name}`);
        await eventually(
            "a copy in the folder",
            90,
            async () => (await onNode(first, `ls /mnt/nas/bak/${first}`)).trim() === name,
        );
        assert.ok(store.objects.get(`bak/${first}/${name}`)!.equals(fs.readFileSync(file)));
        const { stdout } = await stack.must(["backup", "--list"]);
        for (const place of ["disk", "folder", "s3"])
            assert.match(stdout, new RegExp(`^ {2}${place}:${first}/${name} `, "m"));
        reference = `s3:${first}/${name}`;
        await nothingToDo();
    });

    it("a store that is down is said by info and preview, and by nobody any more when it is back", async () => {
        await store.stop();
        await backup("--to", path.join(certificates, "second.db"));
        await eventually("info says it", 120, async () =>
            /⚠ bak-1: The snapshot etcd-\w+\.db of bak-1 is not in its place for copies, s3: the store .* gave no answer/.test(
                (await stack.must(["info"])).stdout,
            ),
        );
        assert.match(
            (await stack.must(["preview"])).output,
            /bak-1: The snapshot .* is not in its place for copies, s3/,
        );
        const before = store.objects;
        await serve();
        before.forEach((content, name) => store.objects.set(name, content));
        await eventually("the second copy", 240, async () => copies().length === 2);
        assert.doesNotMatch((await stack.must(["info"])).stdout, /⚠/);
    });

    it("restored from the store on the same machines; what the configuration wants since then is seen and done", async () => {
        await stack.kubectl("delete", "secret", "kept");
        machines.configure(cluster(), { [second]: { labels: { rack: "two" } } });
        await stack.must(["up"]);
        assert.match(await stack.kubectl("get", "node", second, "--show-labels"), /rack=two/);
        const asked = await stack.slipway(["restore", reference]);
        assert.equal(asked.status, 1);
        assert.match(asked.output, new RegExp(`${reference}, of 20.* UTC, .*everything that changed .*--yes`, "s"));
        await stack.must(["restore", reference, "--yes"], { show: true });
        await lives();
        assert.doesNotMatch(await stack.kubectl("get", "node", second, "--show-labels"), /rack=two/);
        assert.match((await stack.must(["preview"])).output, /the API's record of the node is of another time/);
        await stack.must(["up"]);
        assert.match(await stack.kubectl("get", "node", second, "--show-labels"), /rack=two/);
        await nothingToDo();
    });

    it("recovered from what its only member holds, when its log is broken; refused before, while it lives", async () => {
        const refused = await stack.slipway(["recover", first, "--yes"]);
        assert.equal(refused.status, 1);
        assert.match(
            refused.output,
            /etcd has a quorum: bak-1 has a leader, so nothing is lost.*Nothing was changed\./s,
        );
        const pod = await podOf(second);
        await onNode(
            first,
            "systemctl stop kube-apiserver etcd; cd /var/lib/etcd/member/wal; for log in *.wal; do head -c 100 /dev/urandom >$log; done",
        );
        const asked = await stack.slipway(["recover", first]);
        assert.equal(asked.status, 1);
        assert.match(asked.output, /bak-1 would be the only member.*There is no other control plane\..*--yes/s);
        await stack.must(["recover", first, "--yes"], { show: true });
        await lives();
        assert.deepEqual(await podOf(second), pod, "pods went on");
        assert.equal(await onNode(first, "ls -A /var/lib/etcd"), "member\n");
        await nothingToDo();
    });

    it("a new control plane while a worker lives: refused without a snapshot, built from one, and no pod ends", async () => {
        const pod = await podOf(second);
        await machines.boot(first);
        await outfit(first);
        machines.configure(cluster(), { [second]: { labels: { rack: "two" } } });
        const { status, output } = await stack.slipway(["up"]);
        assert.notEqual(status, 0);
        assert.match(output, /None of the control planes bak-1 holds .* bak-2 is still a node of it.*npm run restore/s);
        assert.match((await stack.must(["restore", file, "--yes"])).output, /The snapshot lies on bak-1\. Now .*up/);
        await stack.must(["up"], { show: true });
        await lives();
        assert.deepEqual(await podOf(second), pod, "pods went on");
        assert.match(await stack.kubectl("get", "node", second, "--show-labels"), /rack=two/);
        await nothingToDo();
    });

    it("all machines new: the snapshot, then up; what volumes held on them is gone, and nothing else", async () => {
        await onNode(first, "touch /srv/data/file");
        await Promise.all([first, second].map((name) => machines.boot(name)));
        await Promise.all(machines.names.map(outfit));
        machines.configure(cluster(), { [second]: { labels: { rack: "two" } } });
        const far = await stack.slipway(["restore", reference, "--yes"]);
        assert.equal(far.status, 1);
        assert.match(far.output, /bak-1 can't fetch s3:\S+: nothing of Slipway is there yet\..*name the file/);
        const asked = await stack.slipway(["restore", file]);
        assert.equal(asked.status, 1);
        assert.match(asked.output, /would be left on bak-1, where no etcd has run yet/);
        await stack.must(["restore", file, "--yes"]);
        await stack.must(["up"], { show: true });
        await lives();
        assert.equal(await onNode(first, "ls /srv/data"), "");
        await nothingToDo();
    });

    it("all machines new: up, and then the snapshot from the store", async () => {
        await Promise.all([first, second].map((name) => machines.boot(name)));
        await Promise.all(machines.names.map(outfit));
        machines.configure(cluster(), { [second]: { labels: { rack: "two" } } });
        await stack.must(["up"], { show: true });
        // As where the new cluster's nodes got other shares of the pods' network than the snapshot gives them.
        for (const node of [first, second]) {
            const bridge = "ip link show cni0 >/dev/null 2>&1 || ip link add cni0 type bridge";
            await onNode(node, `${bridge}; ip address flush dev cni0; ip address add 10.244.99.1/24 dev cni0`);
        }
        await stack.must(["restore", reference, "--yes"]);
        await lives();
    });

    it("no key of the store is in the state, in what runs print, or in a machine's journal", async () => {
        const { output } = await stack.must(["preview", "--diff"]);
        const journal = await onNode(first, "journalctl -q --no-pager -o cat; cat /proc/[0-9]*/cmdline | tr '\\0' ' '");
        for (const text of [stack.state(), output, journal])
            assert.ok(!text.includes(login.secret) && !text.includes(login.access));
        assert.equal(await onNode(first, "stat -c '%a %U' /etc/etcd/store-keys"), "600 root\n");
    });

    it("down leaves nothing of it on the machines", async () => {
        await stack.must(["down", "--delete-data"]);
        assert.equal(
            await onNode(first, "ls -d /etc/etcd /var/lib/etcd /var/backups/etcd /var/lib/slipway 2>/dev/null; true"),
            "",
        );
    });
});
