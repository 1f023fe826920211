import assert from "node:assert/strict";

import { parseArguments } from "../../setup/arguments";
import { type QuorumReport, type QuorumReports, refusal } from "../../setup/recovery";

const alone: QuorumReport = { data: true, quorum: false, recovering: false, revision: 100, etcd: "activating" };
const dead = "hex-n2:22 gave no answer over SSH within 30 s";

describe("setup: recovering a lost quorum", () => {
    const three = (more: Record<string, Partial<QuorumReport> | string> = {}): QuorumReports => {
        const reports: Record<string, QuorumReport | string> = { "hex-n1": alone, "hex-n2": dead, "hex-n3": dead };
        for (const [name, report] of Object.entries(more)) {
            reports[name] = typeof report === "string" ? report : { ...alone, ...report };
        }
        return reports;
    };

    it("takes a control plane's name, and the words that do it", () => {
        const { node, switches } = parseArguments(["recover", "hex-n1", "--yes", "--force"]);
        assert.deepEqual([node, switches], ["hex-n1", ["--yes", "--force"]]);
        assert.throws(() => parseArguments(["recover"]), /Say which control plane's data.*`slipway recover NODE`/);
    });

    it("may go on with the one that is left, or with an only one whose etcd doesn't run", () => {
        assert.equal(refusal("hex-n1", three()), undefined);
        assert.equal(refusal("hex-n1", { "hex-n1": { ...alone, etcd: "failed" } }), undefined);
        // Others that answer and hold nothing are new machines.
        assert.equal(refusal("hex-n1", three({ "hex-n2": { data: false } })), undefined);
    });

    it("is refused while any of them has a leader, whatever is forced", () => {
        for (const force of [false, true]) {
            assert.match(
                refusal("hex-n1", three({ "hex-n1": { quorum: true }, "hex-n2": { quorum: true } }), force)!,
                /^etcd has a quorum: hex-n1, hex-n2 have a leader, so nothing is lost/,
            );
            assert.match(refusal("hex-n1", three({ "hex-n3": { quorum: true } }), force)!, /hex-n3 has a leader/);
        }
    });

    it("goes on where it was cut off, though the one member is a quorum by now", () => {
        assert.equal(refusal("hex-n1", three({ "hex-n1": { quorum: true, recovering: true } })), undefined);
        assert.match(
            refusal("hex-n1", three({ "hex-n1": { recovering: true }, "hex-n2": { quorum: true } }))!,
            /hex-n2 has a leader/,
        );
    });

    it("is refused for a machine that isn't one, doesn't answer, or holds nothing", () => {
        assert.match(refusal("hex-n4", three())!, /^hex-n4 is no control plane: they are hex-n1, hex-n2, hex-n3\.$/);
        assert.match(refusal("hex-n2", three())!, /^hex-n2 can't be asked: .*no answer.*Only one that answers/);
        assert.match(refusal("hex-n1", three({ "hex-n1": { data: false } }))!, /^hex-n1 holds no data.*snapshot/);
    });

    it("is refused where more than half of the members could run again, unless it is forced", () => {
        const reports = three({ "hex-n2": { etcd: "failed" } });
        assert.match(refusal("hex-n1", reports)!, /^hex-n1, hex-n2 hold data, which are 2 of 3 members: .*--force/);
        assert.equal(refusal("hex-n1", reports, true), undefined);
    });

    it("is refused where another one knows more, unless it is forced", () => {
        const five = { ...three({ "hex-n2": { revision: 101 } }), "hex-n4": dead, "hex-n5": dead };
        assert.match(refusal("hex-n1", five)!, /^hex-n2 knows more than hex-n1 does: recover that one\. .*--force/);
        assert.equal(refusal("hex-n2", five), undefined);
        assert.equal(refusal("hex-n1", five, true), undefined);
    });
});
