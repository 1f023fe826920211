import assert from "node:assert/strict";

import { editRows } from "./editRows";
import { restarted, startTimes } from "./harness";
import { type Configuration, previewShows, type Tables, upRestarts } from "./tables";

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
        because: /holds the cluster's etcd: it can't stop being a control plane/,
    },
];

/** Cases of a describe: each edit has a preview of its own, an `up`, and the units' start times before and after. */
export function editCases(tables: Tables): void {
    const { stack, nodes } = tables;
    for (const row of editRows(tables)) {
        it(`edited: ${row.name}${row.only ? ` (a preview only: ${row.only})` : ""}`, async () => {
            const configuration = tables.configuration();
            const edited = structuredClone(configuration);
            row.edit(edited);
            stack.configure({ ...edited });
            try {
                await row.before?.(edited);
                await previewShows(stack, row);
                if (row.only) return;
                Object.assign(configuration, edited);
                await upRestarts(stack, nodes, row.restarts);
                await row.after?.();
            } finally {
                stack.configure({ ...configuration });
            }
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
