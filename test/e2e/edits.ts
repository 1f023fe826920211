import assert from "node:assert/strict";

import { editGroups } from "./editRows";
import { restarted, startTimes } from "./harness";
import { type Configuration, previewShows, type Tables, united, upRestarts } from "./tables";

interface Refused {
    edit(configuration: Configuration): unknown;
    /** Reason and way out. */
    readonly because: RegExp;
}

const renamed: Refused = {
    edit: (to) => (to.cluster.name = "other"),
    because: /belongs to the cluster \w+, not to other\. A cluster can't be renamed: give it its old name/,
};

/** What nobody can have of a cluster that lives. */
const refused: readonly Refused[] = [
    {
        edit: (to) => (to.cluster.network.podCidr = "10.245.0.0/16"),
        because: /cluster\.network\.podCidr can't become 10\.245\.0\.0\/16 .*address of it.* Set it back; or/,
    },
    {
        edit: (to) => (to.cluster.network.serviceCidr = "10.97.0.0/16"),
        because: /cluster\.network\.serviceCidr can't become 10\.97\.0\.0\/16 .*services.* Set it back; or/,
    },
    {
        edit: (to) => (to.cluster.domain = "other.k8s.local"),
        because: /cluster\.domain can't become other\.k8s\.local .*certificates.* Set it back; or/,
    },
    {
        edit: (to) => (to.cluster.api.port = 6444),
        because: /cluster\.api\.port can't become 6444 .*kubelet.* Set it back; or/,
    },
    {
        edit: (to) => (to.nodes[2].name = "renamed"),
        because: /renamed is a machine that was built as the node .*: take .* out .* then add it as renamed/,
    },
    {
        edit: ({ nodes }) => ([nodes[0].roles, nodes[1].roles] = [nodes[1].roles, nodes[0].roles]),
        because: /holds the cluster's etcd, and of .* none does: give the role to both/,
    },
];

/**
 * Cases of a describe: each edit has a preview of its own, then one `up` makes those of a group, and the units' start
 * times before and after tell what restarted.
 */
export function editCases(tables: Tables): void {
    const { stack, nodes } = tables;
    for (const group of editGroups(tables)) {
        const edits = group.filter(({ only }) => only === undefined);
        let previewed: Configuration;
        for (const row of group) {
            it(`edited: ${row.name}${row.only ? ` (a preview only: ${row.only})` : ""}`, async () => {
                previewed = structuredClone(tables.configuration());
                row.edit(previewed);
                stack.configure({ ...previewed });
                try {
                    await row.before?.(previewed);
                    await previewShows(stack, row);
                } finally {
                    stack.configure({ ...tables.configuration() });
                }
            });
        }
        if (edits.length === 0) continue;
        const these = edits.length === 1 ? "makes it" : `makes these ${edits.length} edits`;
        it(`edited: one up ${these}, and restarts what their previews said and nothing else`, async () => {
            const configuration = tables.configuration();
            // What `before` found out about a single edit belongs to it.
            if (edits.length === 1) Object.assign(configuration, previewed);
            else edits.forEach((row) => row.edit(configuration));
            stack.configure({ ...configuration });
            await upRestarts(stack, nodes, united(edits).restarts);
            for (const row of edits) await row.after?.();
        });
    }

    /** Preview and up say why, and nothing is touched. */
    const refuse = async (all: readonly Refused[]) => {
        const edited = structuredClone(tables.configuration());
        all.forEach(({ edit }) => edit(edited));
        stack.configure({ ...edited });
        try {
            const [before, resources] = [await startTimes(nodes), urns(stack.state())];
            for (const command of ["preview", "up"]) {
                const { status, output } = await stack.slipway([command]);
                assert.notEqual(status, 0);
                assert.match(output, /nothing was touched/);
                all.forEach(({ because }) => assert.match(output, because));
            }
            assert.deepEqual(restarted(before, await startTimes(nodes)), []);
            assert.deepEqual(urns(stack.state()), resources);
        } finally {
            stack.configure({ ...tables.configuration() });
        }
    };

    it("edited: the cluster's name: refused, and nothing is touched", () => refuse([renamed]));

    it("edited: networks, domain, port, a node's name, the control plane: refused all at once", () => refuse(refused));

    it("edited: the next preview is empty", () => previewShows(stack, {}));
}

const urns = (state: string): string[] =>
    JSON.parse(state).checkpoint.latest.resources.map(({ urn }: { urn: string }) => urn);
