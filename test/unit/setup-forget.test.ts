import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Settings } from "../../components/config/schema";
import { parseArguments } from "../../setup/arguments";
import { refuseForgetting } from "../../setup/commands/forget";
import {
    addressInState,
    leavingNodes,
    nodesInState,
    refuseForgotten,
    stepIn,
    toldThrough,
    withoutNode,
    withoutObjects,
} from "../../setup/nodeInState";
import { stateFile, type Stack, type StateResource } from "../../setup/stack";

const cluster = "urn:pulumi:hex::slipway::slipway:index:Cluster";

/** One resource below another, as the state has it. */
function resource(type: string, name: string, parent: string, more: object = {}): StateResource {
    const above = parent.slice(0, parent.lastIndexOf("::"));
    return { urn: `${above}$${type}::${name}`, type, parent, ...more } as StateResource;
}

/** What a worker is in the state; what it waited for is given. */
function worker(name: string, dependencies: readonly string[] = []): StateResource[] {
    const prepared = resource("slipway:node:PreparedNode", name, `${cluster}::hex`);
    const agents = resource("slipway:node:NodeAgents", `${name}-agents`, `${cluster}::hex`);
    const inputs = { triggers: [name, "10.0.0.7"] };
    return [
        prepared,
        agents,
        resource("command:remote:Command", `${name}-base`, prepared.urn, { inputs }),
        resource("command:remote:Command", `${name}-activate`, agents.urn, {
            dependencies,
            propertyDependencies: { connection: null, stdin: dependencies },
        }),
        resource("command:remote:Command", `${name}-member`, `${cluster}::hex`),
    ];
}

const controlPlane = (name: string) =>
    resource("slipway:controlplane:ControlPlane", `${name}-control-plane`, `${cluster}::hex`);
const one = worker("n1");
const resources = [...one, controlPlane("n1"), ...worker("n2", [one[3].urn]), ...worker("n2-agents", [one[3].urn])];

describe("setup: forgetting a node", () => {
    it("takes the node's name, and a word that forgets a living one", () => {
        const { node, stack, switches } = parseArguments(["forget", "n2", "--stack", "hex", "--force"]);
        assert.deepEqual([node, stack, switches], ["n2", "hex", ["--force"]]);
        assert.equal(parseArguments(["forget", "--stack=hex", "n2"]).node, "n2");
        assert.throws(() => parseArguments(["forget"]), /Say which node is to be forgotten: `slipway forget NODE`/);
        assert.throws(() => parseArguments(["forget", "n2", "n3"]), /doesn't know "n3"/);
        assert.throws(() => parseArguments(["up", "n2"]), /doesn't know "n2"/);
    });

    it("knows nodes, and their addresses, by what is in the state", () => {
        assert.deepEqual(nodesInState(resources), ["n1", "n2", "n2-agents"]);
        assert.equal(addressInState(resources, "n2"), "10.0.0.7");
        assert.equal(addressInState(resources, "n3"), undefined);
    });

    it("has a node that leaves taken out through a control plane that is there", () => {
        const member = resource("command:remote:Command", "n2-member", `${cluster}::hex`, {
            inputs: { connection: "to one that is gone", delete: "sh /kit/0123/step member remove n2 seconds=120" },
            outputs: { connection: "to one that is gone", stdout: "" },
        });
        const base = resource("command:remote:Command", "n1-base", `${cluster}::hex`, {
            inputs: { connection: "to n1" },
        });
        const known = [...worker("n1"), ...worker("n2").slice(0, -1), member, base].filter(
            ({ urn, inputs }) => inputs?.triggers === undefined || !urn.endsWith("::n1-base"),
        );
        assert.deepEqual(leavingNodes(known, ["n1"]), ["n2"]);
        assert.deepEqual(leavingNodes(known, ["n1", "n2"]), []);
        assert.equal(stepIn(known, "n2"), "/kit/0123/step");
        assert.equal(stepIn(known, "n1"), undefined);
        const { deployment } = toldThrough({ version: 3, deployment: { resources: known } }, ["n2"], "n1");
        const told = (deployment.resources ?? []).filter((one, index) => one !== known[index]);
        assert.deepEqual(told, [
            {
                ...member,
                inputs: { ...member.inputs, connection: "to n1" },
                outputs: { connection: "to n1", stdout: "" },
            },
        ]);
    });

    it("leaves nothing of the node, and nothing that points to it, and all of a node with a similar name", () => {
        const { deployment } = withoutNode({ version: 3, deployment: { resources } }, "n1");
        const left = deployment.resources ?? [];
        assert.deepEqual(nodesInState(left), ["n2", "n2-agents"]);
        assert.equal(left.length, resources.length - 6);
        assert.doesNotMatch(JSON.stringify(left), /::n1(-(agents|base|activate|member|control-plane))?"/);
        const other = withoutNode({ version: 3, deployment: { resources } }, "n2").deployment.resources ?? [];
        assert.deepEqual(other, [...resources.slice(0, 6), ...resources.slice(11)]);
    });

    it("leaves nothing of the API where that was lost, and nothing that waited for it", () => {
        const role = resource("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "viewer", `${cluster}::hex`);
        const waiting = { ...resources[1], dependencies: [role.urn, resources[0].urn] };
        const { deployment } = withoutObjects({ version: 3, deployment: { resources: [resources[0], role, waiting] } });
        assert.deepEqual(deployment.resources, [resources[0], { ...waiting, dependencies: [resources[0].urn] }]);
    });

    it("is refused for a node that isn't there, of a lab, or the only control plane", () => {
        const refused = (node: string, lab?: object, of = resources) => {
            assert.throws(() => refuseForgetting({ stack: "hex", node }, { lab }, of), { name: "Failure" });
            try {
                refuseForgetting({ stack: "hex", node }, { lab }, of);
            } catch (error) {
                return (error as Error).message;
            }
            return "";
        };
        assert.match(refused("worker-7"), /^Stack hex knows no node worker-7; there are n1, n2, n2-agents\. Nothing/);
        assert.match(refused("n2", {}), /container of the lab.*fewer|smaller number of workers/);
        assert.match(refused("n1"), /^n1 is the only control plane/);
        refuseForgetting({ stack: "hex", node: "n1" }, {}, [...resources, controlPlane("n2")]);
        refuseForgetting({ stack: "hex", node: "n2" }, {}, resources);
    });

    it("leaves one sentence for a configuration that still calls the node lost", () => {
        const home = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-forget-"));
        const saved = process.env.SLIPWAY_HOME;
        process.env.SLIPWAY_HOME = home;
        try {
            const stack: Stack = {
                root: home,
                name: "hex",
                project: "slipway",
                configFile: "F",
                config: {},
                ownBackend: true,
            };
            const lost = (...names: string[]) =>
                ({ nodes: names.map((name) => ({ name, lost: true })) }) as unknown as Pick<Settings, "nodes">;
            fs.mkdirSync(path.dirname(stateFile(stack)), { recursive: true });
            fs.writeFileSync(stateFile(stack), JSON.stringify({ checkpoint: { latest: { resources } } }));
            refuseForgotten(stack, lost("n2"));
            refuseForgotten(stack, lost());
            assert.throws(
                () => refuseForgotten(stack, lost("n2", "n9")),
                /^Failure: n9: lost in F, and forgotten already/,
            );
            refuseForgotten({ ...stack, ownBackend: false }, lost("n9"));
        } finally {
            if (saved === undefined) delete process.env.SLIPWAY_HOME;
            else process.env.SLIPWAY_HOME = saved;
            fs.rmSync(home, { recursive: true, force: true });
        }
    });
});
