import assert from "node:assert/strict";
import * as net from "node:net";
import { parseLab } from "../../lab/config";
import { describeShortage, freeSpace, type Need } from "../../setup/disk";
import { isTaken, portProblems, type Published } from "../../setup/ports";

describe("setup: what stands in the way", () => {
    const lab = parseLab({ name: "dev", controlPlanes: 1, workers: 2 });
    const ports = (published: readonly Published[], taken: readonly number[]) =>
        portProblems(lab, { published: async () => published, isTaken: async (port) => taken.includes(port) });

    it("names every port that somebody else has, and none that the lab has itself", async () => {
        assert.deepEqual(await ports([], []), []);
        const own = [2231, 2232, 2233, 6443].map((port) => ({ port, container: "dev-1", lab: "dev" }));
        assert.deepEqual(await ports(own, [2231, 2232, 2233, 6443]), []);
        const others = [
            { port: 2232, container: "e2e-1", lab: "e2e" },
            { port: 9999, container: "web" },
        ];
        assert.deepEqual(await ports(others, [2232, 2233, 6443, 9999]), [
            "Port 2232 of 127.0.0.1, wanted for SSH to dev-2, is taken by the container e2e-1: `docker stop e2e-1`, or set another lab.sshPort.",
            "Port 2233 of 127.0.0.1, wanted for SSH to dev-3, is taken by another program: stop it, or set another lab.sshPort.",
            "Port 6443 of 127.0.0.1, wanted for the API on dev-1, is taken by another program: stop it, or set another lab.apiPort.",
        ]);
    });

    it("sees who listens on 127.0.0.1, also through all addresses", async () => {
        for (const host of ["127.0.0.1", "0.0.0.0"]) {
            const server = net.createServer();
            await new Promise<void>((resolve) => server.listen(0, host, resolve));
            const { port } = server.address() as net.AddressInfo;
            assert.ok(await isTaken(port));
            await new Promise((resolve) => server.close(resolve));
            assert.ok(!(await isTaken(port)));
        }
    });

    it("adds up what goes to one disk, and names the folders when it is too full", () => {
        const needs: Need[] = [
            { what: "the mirror", folder: "/cache", gigabytes: 1 },
            { what: "Go's build cache", folder: "/cache/go", gigabytes: 7 },
            { what: "3 lab nodes", folder: "/docker", gigabytes: 5 },
        ];
        const disks = (cache: number, docker: number) => (folder: string) =>
            folder === "/docker" ? { device: 2, bytes: docker * 1e9 } : { device: 1, bytes: cache * 1e9 };
        assert.deepEqual(describeShortage(needs, disks(8, 5)), []);
        assert.deepEqual(
            describeShortage(needs, () => undefined),
            [],
        );
        const [cache, docker, ...more] = describeShortage(needs, disks(7.9, 1));
        assert.match(cache, /7\.9 GB are free, and about 8 GB .*1 GB for the mirror in \/cache, 7 GB for Go's build/);
        assert.match(docker, /1\.0 GB are free.*5 GB for 3 lab nodes in \/docker.*Make room.*data-root/);
        assert.equal(more.length, 0);
    });

    it("asks the disk of a folder that isn't there yet", () => {
        const [there, missing] = [freeSpace("/"), freeSpace("/no/such/folder")];
        assert.ok(there && missing && there.device === missing.device && there.bytes > 0);
    });
});
