import * as assert from "node:assert/strict";

import { Machine } from "./machine";

const settings = 'file 0644 root:root /etc/docker/daemon.json\n| { "log-driver": "local" }\n';
const unit = (state: string) => `unit docker.service ${state} stamp=d0 after=/etc/docker/daemon.json\n`;

describe("kit: a machine on which docker ran before", function () {
    this.timeout(120_000);
    let machine: Machine;
    const step = async (words: string, text = "") => {
        const { code, stderr } = await machine.step(words, text);
        assert.equal(code, 0, stderr);
    };
    const driver = async () => (await machine.root("docker info -f '{{.LoggingDriver}}'")).trim();

    before(async () => {
        machine = await Machine.start("node");
        await machine.upload();
    });
    after(() => machine?.stop());

    it("base: docker runs with its settings from then on, and restarts no more", async () => {
        await step("base apply owner=hex:abc source=http://127.0.0.1/", settings + unit("started"));
        assert.equal(await driver(), "local");
        const since = await machine.since("docker");
        await step("activate apply", settings + unit("active"));
        assert.equal(await machine.since("docker"), since);
    });

    it("remove: it is enabled and runs, as it was found", async () => {
        await step("activate remove");
        await step("base remove owner=hex:abc");
        assert.equal(
            await machine.root("systemctl is-enabled docker; systemctl is-active docker"),
            "enabled\nactive\n",
        );
    });
});
