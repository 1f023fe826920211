import * as assert from "node:assert/strict";

import { base, render } from "../../components/render";
import { parseLab } from "../../lab/config";
import { makeKeyPair } from "../../lab/keys";
import { labNodes } from "../../lab/nodes";
import { boards } from "../support";
import { Machine } from "./machine";

const packages = "dpkg-query -W -f '${db:Status-Abbrev} ${Package}\\n'";

describe("kit: a machine with Debian 13", function () {
    this.timeout(600_000);
    let machine: Machine;
    let manifest: string;
    let found: string;

    before(async () => {
        machine = await Machine.start("debian13-bare");
        found = await machine.root(packages);
        const keys = { user: makeKeyPair(), host: makeKeyPair() };
        const lab = parseLab({ name: "kit", controlPlanes: 1 });
        const [node] = labNodes(lab, { engine: machine.node.engine, keys, mirrorPath: "" });
        const own = base(node, boards().cluster, { files: {} }, [node]).flat();
        // Without its executables, for there is no mirror.
        manifest = render(own.filter(({ kind }) => kind !== "artifact"));
        await machine.upload();
    });
    after(() => machine?.stop());

    it("gets docker, whose command is a package of its own there", async () => {
        const applied = await machine.step("base apply owner=hex:abc source=/mnt/", manifest);
        assert.equal(applied.code, 0, applied.stderr);
        assert.match(await machine.root("dpkg-query -W -f '${Version}' docker-cli docker.io"), /^26\..*26\./);
        assert.match(await machine.root("docker version -f '{{.Server.Version}}'"), /^26\./);
        assert.deepEqual(await machine.step("base check", manifest), { code: 0, stdout: "", stderr: "" });
        assert.match((await machine.probe()).system!, /GNU\/Linux 13/);
    });

    it("gets it back when it was taken away", async () => {
        await machine.root("dpkg --purge docker-cli");
        assert.deepEqual((await machine.probe()).kinds.base!.entries, ["package docker-cli is not installed"]);
        const mended = await machine.step("base apply owner=hex:abc source=/mnt/", manifest);
        assert.deepEqual([mended.code, mended.stdout], [0, "mended: installed docker-cli\n"]);
    });

    it("keeps none of the packages when it leaves", async () => {
        const removed = await machine.step("base remove");
        assert.equal(removed.code, 0, removed.stderr);
        assert.equal(await machine.root(packages), found);
    });
});
