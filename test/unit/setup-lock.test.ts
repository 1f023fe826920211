import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { acquire, isStale, type Holder } from "../../setup/lock";
import { endProcesses, isSame, processesWith, processStart } from "../../setup/processes";

describe("setup: who works on a stack", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-lock-"));
    after(() => fs.rmSync(folder, { recursive: true, force: true }));

    it("lets the second one know and leave, and the next one in when the first is done", () => {
        const file = path.join(folder, "one.lock");
        const first = acquire(file, "up");
        assert.throws(() => acquire(file, "down"), new RegExp(`\`slipway up\`.*already \\(process ${process.pid}\\)`));
        first.release();
        acquire(file, "down").release();
        assert.deepEqual(fs.readdirSync(folder), []);
    });

    it("takes over from one that was killed, and says who it was", () => {
        const file = path.join(folder, "two.lock");
        const killed: Holder = { pid: 4_000_000, started: "1", host: os.hostname(), command: "up", run: "run-1" };
        fs.writeFileSync(file, JSON.stringify(killed));
        const lock = acquire(file, "up");
        assert.equal(lock.dead?.run, "run-1");
        lock.release();
        // A process of that id which started at another time is another one.
        fs.writeFileSync(file, JSON.stringify({ ...killed, pid: process.pid }));
        acquire(file, "up").release();
        fs.writeFileSync(file, "");
        acquire(file, "up").release();
        // On another host nobody can tell.
        fs.writeFileSync(file, JSON.stringify({ ...killed, host: "elsewhere" }));
        assert.throws(() => acquire(file, "up"), /already/);
        fs.rmSync(file);
    });

    it("recognises Pulumi's lock as stale when its process is gone or another one", () => {
        const lock = { pid: 7, hostname: "here", username: "u", timestamp: "2026-11-21T10:00:00Z" };
        const at = (time: string) => () => Date.parse(time);
        assert.ok(isStale(lock, "here", () => undefined));
        assert.ok(isStale(lock, "here", at("2026-11-21T10:05:00Z")));
        assert.ok(!isStale(lock, "here", at("2026-11-21T09:59:00Z")));
        assert.ok(!isStale(lock, "there", () => undefined));
        const now = { ...lock, pid: process.pid, hostname: os.hostname(), timestamp: new Date().toISOString() };
        assert.ok(!isStale(now));
    });

    it("finds and ends the processes that a killed run left, by the mark in their environment", async function () {
        if (process.platform !== "linux") {
            console.log("      skipped: it needs Linux's /proc and executables");
            this.skip();
        }
        const run = `test-${process.pid}-${Date.now()}`;
        const child = spawn("sleep", ["60"], { env: { ...process.env, SLIPWAY_RUN: run }, stdio: "ignore" });
        while (processesWith("SLIPWAY_RUN", run).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
        const left = processesWith("SLIPWAY_RUN", run);
        assert.deepEqual(left, [{ pid: child.pid, started: processStart(child.pid as number) }]);
        await endProcesses(left, "SIGINT", 5000);
        assert.ok(!isSame(left[0]));
    });
});
