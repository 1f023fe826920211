import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";

import { Turns } from "../../components/node";
import { NodeReport } from "../../components/remote";
import { boards } from "../support";

const { nodes } = boards({}, [["control-plane", "worker"], ["worker"], ["worker"], ["worker"]]);
const joined = { reachable: true, known: true, joined: true, versions: {}, units: {}, kinds: {} } as NodeReport;
const reportsOf = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, joined]));

/** For each node, whose activation its own waits for. */
function order(maxUnavailable: number, members: readonly string[]): Record<string, string[]> {
    const turns = new Turns(maxUnavailable, reportsOf(members));
    const names = new Map<pulumi.Resource, string>();
    return Object.fromEntries(
        nodes.map((node) => {
            const before = turns.before(node).map((resource) => names.get(resource)!);
            const activated = {} as pulumi.Resource;
            names.set(activated, node.name);
            turns.after(node, activated);
            return [node.name, before];
        }),
    );
}

describe("Turns", () => {
    it("lets new nodes come all at once", () => {
        assert.deepEqual(order(1, []), { "hex-n1": [], "hex-n2": [], "hex-n3": [], "hex-n4": [] });
    });

    it("lets members restart one after the other, or as many at a time as the config says", () => {
        const all = nodes.map(({ name }) => name);
        assert.deepEqual(order(1, all), {
            "hex-n1": [],
            "hex-n2": ["hex-n1"],
            "hex-n3": ["hex-n2"],
            "hex-n4": ["hex-n3"],
        });
        assert.deepEqual(order(2, all), {
            "hex-n1": [],
            "hex-n2": [],
            "hex-n3": ["hex-n1"],
            "hex-n4": ["hex-n2"],
        });
    });

    it("doesn't make a new node wait for members, nor members for it", () => {
        assert.deepEqual(order(1, ["hex-n1", "hex-n4"]), {
            "hex-n1": [],
            "hex-n2": [],
            "hex-n3": [],
            "hex-n4": ["hex-n1"],
        });
    });
});
