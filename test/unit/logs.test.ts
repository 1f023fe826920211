import assert from "node:assert/strict";
import { PassThrough } from "node:stream";

import { parseArguments } from "../../setup/arguments";
import { seconds, type LogLine } from "../../setup/logs/line";
import { Merger } from "../../setup/logs/merger";
import { comparable } from "../../setup/logs/pods";
import { Printer } from "../../setup/logs/printer";
import { isUnitName, journalCommand } from "../../setup/logs/units";

const line = (time: string, text: string, source = "web"): LogLine => ({ time, source, node: "n-1", text });

describe("logs", () => {
    it("knows whose logs are meant", () => {
        const { selector, values, switches } = parseArguments([
            "logs",
            "app=web",
            "-n",
            "shop",
            "--since=5m",
            "--no-follow",
        ]);
        assert.deepEqual(selector, "app=web");
        assert.deepEqual(values, { "--namespace": "shop", "--since": "5m" });
        assert.deepEqual(switches, ["--no-follow"]);
        assert.deepEqual(parseArguments(["logs", "--unit", "kubelet"]).values, { "--unit": "kubelet" });
        assert.throws(() => parseArguments(["logs"]), /Say whose logs/);
        assert.throws(() => parseArguments(["logs", "web", "--unit", "kubelet"]), /one of both/);
        assert.throws(() => parseArguments(["logs", "web", "--sinc", "5m"]), /did you mean "--since"/);
        assert.throws(() => parseArguments(["up", "-n", "shop"]), /doesn't know "-n"/);
    });

    it("reads stretches of time", () => {
        assert.deepEqual(["45s", "10m", "2h", "1d"].map(seconds), [45, 600, 7200, 86_400]);
        assert.deepEqual(["10", "m", "-5m", "1h30m"].map(seconds), [undefined, undefined, undefined, undefined]);
    });

    it("makes times of the API as long as each other", () => {
        assert.equal(comparable("2026-01-01T00:00:00.5Z"), "2026-01-01T00:00:00.500000000Z");
        assert.equal(comparable("2026-01-01T00:00:00Z"), "2026-01-01T00:00:00.000000000Z");
        assert.equal(comparable("nonsense"), "nonsense");
    });

    it("puts lines into the order of their times, and keeps those of one time as they came", async () => {
        const written: string[] = [];
        const merger = new Merger(({ text }) => written.push(text), 20);
        for (const [time, text] of [
            ["3", "c"],
            ["1", "a"],
            ["2", "b1"],
            ["2", "b2"],
        ])
            merger.add(line(time, text));
        assert.deepEqual(written, []);
        await new Promise((resolve) => setTimeout(resolve, 60));
        assert.deepEqual(written, ["a", "b1", "b2", "c"]);
        merger.add(line("5", "e"));
        merger.add(line("4", "d"));
        merger.flush();
        assert.deepEqual(written.slice(4), ["d", "e"]);
    });

    it("prints whose line it is and from where, coloured only in a terminal", () => {
        const print = (isTTY: boolean, env: NodeJS.ProcessEnv) => {
            const out = Object.assign(new PassThrough(), { isTTY });
            const printer = new Printer({ out, notes: out, patience: Infinity, env });
            printer.line(line("1", "hello"));
            printer.flush();
            return String(out.read());
        };
        assert.equal(print(false, {}), "web n-1 | hello\n");
        assert.equal(print(true, { NO_COLOR: "1" }), "web n-1 | hello\n");
        assert.match(print(true, {}), /^\x1b\[36mweb\x1b\[0m .*hello\n$/);
    });

    it("asks the journal for units, with nothing in their names that a shell would take", () => {
        const command = journalCommand({ units: ["kubelet", "etcd"], since: 60, follow: false });
        assert.match(command, /sudo -n journalctl .* --unit=kubelet --unit=etcd --since=-60s; fi$/);
        assert.match(journalCommand({ units: ["kubelet"], follow: true }), /--follow --lines=20; fi$/);
        assert.deepEqual(["kubelet", "lab-dns@1.service"].map(isUnitName), [true, true]);
        assert.deepEqual(["a;b", "$(id)", "--all", "a b", ""].map(isUnitName), Array(5).fill(false));
    });
});
