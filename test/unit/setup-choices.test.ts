import assert from "node:assert/strict";
import { chooseDocker, type DockerProbes } from "../../setup/docker";
import { atLeast } from "../../setup/goBuild";
import { chooseSource } from "../../setup/plan";
import { choosePlugins } from "../../setup/plugins";
import { choosePulumi, type PulumiProbes } from "../../setup/pulumi";
import { probeSites, type Reachability } from "../../setup/reachability";

const never = async () => assert.fail("the network was asked although nothing depends on it");
const everywhere: Reachability = { pulumi: true, kubernetes: true, releases: true, images: true };

describe("setup: what is chosen", () => {
    const pulumi = (probes: Partial<PulumiProbes>) =>
        choosePulumi({
            onPath: async () => undefined,
            installed: async () => undefined,
            cached: () => undefined,
            reachable: never,
            ...probes,
        });

    it("takes the first Pulumi of the chain, and asks the network only when there is none", async () => {
        const [onPath, installed] = [async () => "/usr/bin/pulumi", async () => "/home/u/.pulumi/bin/pulumi"];
        const cached = () => "/cache/bin/pulumi";
        assert.deepEqual(await pulumi({ onPath, installed, cached }), { how: "path", path: "/usr/bin/pulumi" });
        assert.equal((await pulumi({ installed, cached })).how, "installed");
        assert.equal((await pulumi({ cached })).how, "cache");
        assert.equal((await pulumi({ reachable: async () => true })).how, "download");
        assert.equal((await pulumi({ reachable: async () => false })).how, "build");
    });

    const required = [
        { name: "command", version: "1.2.1" },
        { name: "tls", version: "5.6.1" },
    ];

    it("prefers genuine plugins, one by one, and stays with the stand-ins that a stack stood on", async () => {
        const installed = ({ name }: { name: string }) => name === "tls";
        const kept = { command: "stand-in", tls: "stand-in" } as const;
        assert.deepEqual(await choosePlugins({ required, installed, kept, reachable: never }), {
            command: "stand-in",
            tls: "genuine",
        });
        const choose = (answers: boolean) =>
            choosePlugins({ required, installed: () => false, reachable: async () => answers });
        assert.deepEqual(await choose(true), { command: "download", tls: "download" });
        assert.deepEqual(await choose(false), { command: "stand-in", tls: "stand-in" });
    });

    it("keeps a stack's source of artifacts through a day without network, unless --source says otherwise", async () => {
        const nowhere = { ...everywhere, images: false };
        const source = async (question: Partial<Parameters<typeof chooseSource>[0]>) =>
            (await chooseSource({ reach: never, ...question })).source;
        assert.equal(await source({ kept: "upstream" }), "upstream");
        assert.equal(await source({ kept: "build" }), "build");
        assert.equal(await source({ kept: "upstream", asked: "build" }), "build");
        assert.equal(await source({ kept: "upstream", prefix: "http://mirror/" }), "mirror");
        assert.equal(await source({ reach: async () => everywhere }), "upstream");
        assert.equal(await source({ reach: async () => nowhere }), "build");
        assert.equal(await source({ kept: "mirror", reach: async () => nowhere }), "build");
    });

    const docker = (probes: Partial<DockerProbes>) =>
        chooseDocker({
            candidates: async () => ["unix:///var/run/docker.sock", "unix:///home/u/.colima/docker.sock"],
            answers: async () => ({}),
            chosenByUser: false,
            root: true,
            platform: "linux",
            has: () => false,
            ...probes,
        });

    it("finds the engine that answers, else starts or installs one, else says what to do", async () => {
        const answers = async (host: string) => (host.includes("colima") ? { version: "28.0" } : {});
        const found = await docker({ answers, root: false });
        assert.deepEqual(found, {
            how: "found",
            engine: { host: "unix:///home/u/.colima/docker.sock", version: "28.0" },
        });
        assert.equal((await docker({ has: (name) => name === "dockerd" })).how, "start");
        assert.equal((await docker({ has: (name) => name === "apt-get" })).how, "install");
        const problem = async (probes: Partial<DockerProbes>) => {
            const choice = await docker({ has: () => true, ...probes });
            assert.equal(choice.how, "missing");
            return "problem" in choice ? choice.problem : "";
        };
        assert.match(await problem({ root: false }), /install one .*https:.*As root on Debian or Ubuntu/);
        assert.match(await problem({ platform: "darwin" }), /install one/);
        assert.match(await problem({ has: () => false }), /install one/);
        assert.match(await problem({ answers: async () => ({ denied: true }), root: false }), /usermod -aG docker/);
        const elsewhere = async () => ["tcp://10.0.0.9:2375"];
        assert.match(
            await problem({ chosenByUser: true, candidates: elsewhere }),
            /tcp:\/\/10\.0\.0\.9.*doesn't answer/,
        );
    });

    it("asks all sites at once and takes silence, refusals and errors for a no", async () => {
        const found = await probeSites(async (url) => {
            if (url.includes("registry")) return 401;
            if (url.includes("github")) return 403;
            if (url.includes("get.pulumi")) throw new Error("ENOTFOUND");
            return new Promise<number>(() => undefined);
        }, 50);
        assert.deepEqual(found, { pulumi: false, kubernetes: false, releases: false, images: true });
    });

    it("compares versions by number", () => {
        assert.ok(atLeast("3.216.0", "3.200.0"));
        assert.ok(atLeast("1.26.8", "1.26"));
        assert.ok(!atLeast("1.9", "1.26"));
        assert.ok(!atLeast("3.99.0", "3.200.0"));
    });
});
