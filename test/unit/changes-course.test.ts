import assert from "node:assert/strict";

import { Course } from "../../operations/changes/course";

const cluster = "urn:pulumi:hex::slipway::slipway:index:Cluster";
const step = (node: string, kind: string) => ({
    urn: `${cluster}$slipway:node:PreparedNode$command:remote:Command::${node}-${kind}`,
    type: "command:remote:Command",
});
const object = {
    urn: `${cluster}$slipway:addons:CoreDns$kubernetes:apps/v1:Deployment::coredns`,
    type: "kubernetes:apps/v1:Deployment",
};

/** A run that is told at certain times. */
function follow(events: readonly (readonly [number, object])[]): Course {
    let time = 0;
    const course = new Course(() => time);
    events.forEach(([at, event], sequence) => {
        time = at;
        course.take(JSON.stringify({ sequence, timestamp: 1, ...event }));
    });
    return course;
}

const begin = (of: object, op = "create", inputs = {}) => ({
    resourcePreEvent: { metadata: { op, ...of, new: { inputs } } },
});
const end = (of: object, op = "create") => ({ resOutputsEvent: { metadata: { op, ...of } } });
const error = (of: { urn: string }, message: string) => ({
    diagnosticEvent: { urn: of.urn, severity: "error", message },
});
const exited = (node: string, kind: string, ...said: string[]) =>
    error(step(node, kind), [`Process exited with status 1: running "sh …/step ${kind} apply":`, ...said].join("\n"));

describe("the course of a run", () => {
    it("says who failed and why, the same on many nodes once", () => {
        const full = (node: string) => `The machine ${node} can't be a node, so nothing was changed: no space.`;
        const course = follow([
            [0, exited("hex-n10", "base", "mended: swap off", full("hex-n10"))],
            [1, exited("hex-n2", "base", full("hex-n2"))],
            [2, exited("hex-n3", "stage", "artifact etcd 3.6.8: wrong digest.", "mended: artifact kubelet installed")],
            [
                3,
                begin(object, "create", {
                    kind: "Deployment",
                    metadata: { name: "coredns", namespace: "kube-system" },
                }),
            ],
            [4, error(object, "2 errors occurred:\n\t* Waiting for pods: 0 of 2 are ready\n")],
        ]);
        assert.deepEqual(course.causes, [
            { nodes: ["hex-n2", "hex-n10"], what: "base", why: full("hex-n10") },
            { nodes: ["hex-n3"], what: "stage", why: "artifact etcd 3.6.8: wrong digest." },
            { nodes: [], what: "Deployment kube-system/coredns", why: "* Waiting for pods: 0 of 2 are ready" },
        ]);
    });

    it("leaves out what failed only because something else did, colours, and secrets", () => {
        const course = follow([
            [0, error(object, `unknown provider '${cluster}$pulumi:providers:kubernetes::hex::1' for resource '…'`)],
            [1, error({ urn: `urn:pulumi:hex::slipway::pulumi:pulumi:Stack::slipway-hex` }, "update failed")],
            [2, exited("hex-n1", "activate", "<{%fg 1%}>the token abcdef.0123456789abcdef is refused<{%reset%}>")],
        ]);
        assert.deepEqual(course.causes, [
            { nodes: ["hex-n1"], what: "activate", why: "the token [hidden] is refused" },
        ]);
    });

    it("says how long each part took, and where it took longest; what stays the same takes no time", () => {
        const course = follow([
            [0, begin(step("hex-n1", "stage"))],
            [10, begin(step("hex-n2", "stage"))],
            [4000, end(step("hex-n1", "stage"))],
            [9010, end(step("hex-n2", "stage"))],
            [9011, begin(step("hex-n1", "activate"), "same")],
            [9012, end(step("hex-n1", "activate"), "same")],
            [9100, begin(object)],
            [9600, end(object)],
        ]);
        assert.deepEqual(course.times, [
            { phase: "stage", milliseconds: 9010, slowest: { node: "hex-n2", milliseconds: 9000 } },
            { phase: "add-ons", milliseconds: 500 },
        ]);
    });

    it("says when each operation was done, from the run's first event on, part by part", () => {
        const course = follow([
            [1000, { preludeEvent: {} }],
            [1500, begin(object)],
            [1600, begin(step("hex-n1", "stage"))],
            [1900, end(object)],
            [2000, end(step("hex-n1", "stage"))],
            [2100, begin(step("hex-n1", "activate"))],
        ]);
        assert.deepEqual(course.spans, [
            { phase: "stage", node: "hex-n1", name: "hex-n1-stage", start: 600, end: 1000 },
            { phase: "add-ons", name: "coredns", start: 500, end: 900 },
        ]);
    });
});
