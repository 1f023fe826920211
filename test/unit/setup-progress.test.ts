import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { duration, Progress } from "../../setup/progress";

/** A log and a clock that the test turns. */
function fixture(live: boolean) {
    const written: string[] = [];
    const stream = new Writable({
        write: (chunk, _encoding, done) => {
            written.push(String(chunk));
            done();
        },
    });
    let time = 0;
    const progress = new Progress({ stream, live, now: () => time, interval: 10_000 });
    return { progress, pass: (milliseconds: number) => (time += milliseconds), text: () => written.join("") };
}

describe("setup: progress", () => {
    it("writes plain lines to a log: news now and then, and one line at the end", async () => {
        const { progress, pass, text } = fixture(false);
        await progress.phase("Mirror", (report) => {
            pass(1200);
            report("fetching kubelet");
            pass(5000);
            report("fetching etcd");
            pass(6000);
            report("fetching flannel");
            pass(500);
            report("complete");
        });
        assert.equal(
            text(),
            "… Mirror: fetching kubelet (1.2 s)\n… Mirror: fetching flannel (12 s)\n✔ Mirror: complete (13 s)\n",
        );
    });

    it("marks what failed, and sums up each phase", async () => {
        const { progress, pass, text } = fixture(false);
        progress.note("npm packages", 21_000);
        const failing = progress.phase("Cluster", () => {
            pass(185_000);
            throw new Error("no");
        });
        await assert.rejects(failing, /no/);
        assert.match(text(), /^✘ Cluster \(3 min 05 s\)$/m);
        assert.equal(progress.summary(), "  npm packages          21 s\n  Cluster         3 min 05 s");
    });

    it("draws one live line in a terminal, for phases side by side, and nothing while Pulumi has it", async () => {
        const { progress, text } = fixture(true);
        await Promise.all([
            progress.phase("Docker", (report) => report("installing")),
            progress.phase("Pulumi", (report) => report("compiling")),
        ]);
        assert.ok(text().includes("\r\x1b[K… Docker 0.0 s: installing │ Pulumi 0.0 s: compiling"));
        const before = text().length;
        await progress.phase("Cluster", (report) =>
            progress.aside(async () => {
                const drawn = text().length;
                report("busy");
                assert.equal(text().length, drawn);
            }),
        );
        assert.ok(text().slice(before).endsWith("✔ Cluster: busy (0.0 s)\n"));
    });

    it("says durations as people do", () => {
        assert.deepEqual([400, 12_400, 60_000, 119_700].map(duration), ["0.4 s", "12 s", "1 min 00 s", "2 min 00 s"]);
    });
});
