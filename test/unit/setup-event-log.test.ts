import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";

import { openEventLog } from "../../setup/eventLog";

const run = promisify(execFile);

describe("setup: Pulumi's event log", () => {
    it("comes through a pipe that only its owner can open, line by line, and leaves nothing", async () => {
        const lines: string[] = [];
        const pipe = openEventLog((line) => lines.push(line));
        assert.equal(fs.statSync(path.dirname(pipe.path)).mode & 0o777, 0o700);
        assert.ok(fs.statSync(pipe.path).isFIFO());
        // As Pulumi opens it: for reading, too.
        await run("sh", [
            "-c",
            `exec 3<>"$0"; printf 'one\\ntwo\\n' >&3; head -c 300000 /dev/zero | tr '\\0' x >&3`,
            pipe.path,
        ]);
        await pipe.close();
        assert.deepEqual(lines.slice(0, 2), ["one", "two"]);
        assert.equal(lines[2].length, 300_000);
        assert.ok(!fs.existsSync(path.dirname(pipe.path)));
    });

    it("ends when nobody ever writes to it", async () => {
        const pipe = openEventLog(() => assert.fail("nothing was written"));
        await pipe.close();
        assert.ok(!fs.existsSync(pipe.path));
    });
});
