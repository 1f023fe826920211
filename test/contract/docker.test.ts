/** What @pulumi/docker's plugin does with networks and containers, as its documentation and its source say. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import Docker from "dockerode";
import { baseImage } from "../../lab/base";
import { cacheFolder } from "../../setup/paths";
import type { Values } from "../../standins/values";
import { openPlugin, type Instance, type Plugin, type Resource } from "./plugin";

const Container = "docker:index/container:Container";
const Network = "docker:index/network:Network";

describe("the docker plugin", function () {
    // Without a Debian image in the engine one is pulled or put together first.
    this.timeout(300_000);

    const engine = new Docker();
    const unique = `slipway-test-${randomBytes(4).toString("hex")}`;
    const labels = [{ label: "slipway.test", value: unique }];
    let plugin: Plugin;
    let docker: Instance;
    let image: string;
    let folder: string;

    before(async () => {
        plugin = await openPlugin("docker");
        docker = await plugin.connect();
        const progress = () => undefined;
        image = await baseImage(engine, { cacheFolder: path.join(cacheFolder(), "lab"), progress });
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-docker-"));
    });

    after(async () => {
        await plugin.close();
        const filters = { label: [`slipway.test=${unique}`] };
        for (const { Id } of await engine.listContainers({ all: true, filters })) {
            await engine.getContainer(Id).remove({ force: true, v: true });
        }
        for (const { Id } of await engine.listNetworks({ filters })) await engine.getNetwork(Id).remove();
        fs.rmSync(folder, { recursive: true });
    });

    /** A container that sleeps, unless told otherwise. */
    const wanted = (name: string, more: Values = {}): Values => ({
        name: `${unique}-${name}`,
        image,
        command: ["sleep", "1000"],
        stopSignal: "SIGKILL",
        labels,
        ...more,
    });
    const create = (name: string, more?: Values) => docker.create(Container, name, wanted(name, more));
    const inspect = ({ id }: Resource) => engine.getContainer(id).inspect();
    const isThere = (name: string) =>
        engine
            .getContainer(`${unique}-${name}`)
            .inspect()
            .then(() => true)
            .catch(() => false);

    it("touches nothing in a preview", async () => {
        const inputs = wanted("preview");
        const planned = await docker.create(Container, "preview", inputs, { preview: true });
        assert.equal(planned.outputs.image, image);
        assert(!(await isThere("preview")));
    });

    it("makes a network with a subnet, and a container at a fixed address and port of it", async () => {
        const subnet = "172.31.229.0/24";
        const network = await docker.create(Network, "net", { name: unique, ipamConfigs: [{ subnet }], labels });
        assert.equal(network.outputs.driver, "bridge");
        const made = await create("fixed", {
            hostname: "somebody",
            networksAdvanced: [{ name: unique, ipv4Address: "172.31.229.11" }],
            ports: [{ ip: "127.0.0.1", internal: 22, external: 22291 }],
            tmpfs: { "/run": "exec,mode=755" },
            volumes: [{ containerPath: "/var/lib/thing" }, { containerPath: "/mnt", hostPath: folder, readOnly: true }],
        });
        const { Config, HostConfig, Mounts, NetworkSettings, State } = await inspect(made);
        assert(State.Running);
        assert.equal(Config.Hostname, "somebody");
        assert.equal(NetworkSettings.Networks[unique].IPAddress, "172.31.229.11");
        assert.equal(made.outputs.networkDatas[0].ipAddress, "172.31.229.11");
        assert.deepEqual(NetworkSettings.Ports["22/tcp"], [{ HostIp: "127.0.0.1", HostPort: "22291" }]);
        assert.deepEqual(HostConfig.Tmpfs, { "/run": "exec,mode=755" });
        const volume = Mounts.find(({ Destination }) => Destination === "/var/lib/thing");
        assert.equal(volume?.Type, "volume");
        assert.equal(Mounts.find(({ Destination }) => Destination === "/mnt")?.RW, false);

        await docker.delete(made);
        assert(!(await isThere("fixed")));
        await assert.rejects(engine.getVolume(volume!.Name!).inspect(), /no such volume/i);
        await docker.delete(network);
        await docker.delete(network);
    });

    it("puts files there before the first process starts", async () => {
        const script =
            "stat -c '%a %u %n' /etc/open /etc/closed >/mnt/seen; cat /etc/closed >>/mnt/seen; exec sleep 1000";
        await create("uploads", {
            command: ["sh", "-c", script],
            volumes: [{ containerPath: "/mnt", hostPath: folder }],
            uploads: [
                { file: "/etc/open", content: "one\n" },
                { file: "/etc/closed", content: "two\n", permissions: "0600" },
            ],
        });
        const seen = fs.readFileSync(path.join(folder, "seen"), "utf8");
        assert.equal(seen, "644 0 /etc/open\n600 0 /etc/closed\ntwo\n");
    });

    it("fails with the last lines of a container that ends at once, and leaves none", async () => {
        const command = ["sh", "-c", "echo no such thing >&2; exit 3"];
        await assert.rejects(create("broken", { command }));
        assert(!(await isThere("broken")));
    });

    it("leaves one alone that needn't run", async () => {
        const made = await create("once", { command: ["true"], mustRun: false });
        assert(await isThere("once"));
        assert.equal(made.outputs.mustRun, false);
    });

    it("replaces for what a container is, and updates for what may change", async () => {
        const made = await create("diff", { restart: "unless-stopped" });
        const diff = (more: Values) => docker.diff(made, { ...made.inputs, ...more });
        assert.equal((await diff({})).changed, false);
        for (const more of [{ image: "other" }, { hostname: "other" }, { ports: [{ internal: 1, external: 22292 }] }]) {
            assert.deepEqual((await diff(more)).replaces, Object.keys(more));
        }
        for (const more of [{ restart: "always" }, { destroyGraceSeconds: 3 }, { mustRun: false }]) {
            const { changed, replaces } = await diff(more);
            assert.deepEqual([changed, replaces], [true, []]);
        }
        await docker.update(made, { ...made.inputs, restart: "always" });
        const { HostConfig, State } = await inspect(made);
        assert.equal(HostConfig.RestartPolicy?.Name, "always");
        assert(State.Running);
    });

    it("sees one that was stopped by hand, and the next update starts it", async () => {
        const made = await create("stopped");
        await engine.getContainer(made.id).kill();
        const found = await docker.read(made);
        assert.equal(found.outputs.mustRun, false);
        assert((await docker.diff(found, made.inputs)).changed);
        await docker.update(found, made.inputs);
        assert((await inspect(made)).State.Running);
    });

    it("stops with the container's own signal before it removes, when it is given time", async () => {
        const script = "trap 'echo stopped >/mnt/stopped; exit' USR1; while :; do sleep 0.1; done";
        const made = await create("graceful", {
            command: ["sh", "-c", script],
            stopSignal: "SIGUSR1",
            destroyGraceSeconds: 10,
            volumes: [{ containerPath: "/mnt", hostPath: folder }],
        });
        await docker.delete(made);
        assert.equal(fs.readFileSync(path.join(folder, "stopped"), "utf8"), "stopped\n");
    });

    it("finds out that something is gone, and doesn't mind when it deletes it", async () => {
        const made = await create("gone");
        await engine.getContainer(made.id).remove({ force: true });
        assert.equal((await docker.read(made)).id, "");
        await docker.delete(made);
    });
});
