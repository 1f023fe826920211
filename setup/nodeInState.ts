import type { Settings } from "../components/config/schema";
import { Failure } from "./failure";
import { readState, type LinkedResource, type Stack, type StateExport, type StateResource } from "./stack";

const nameOf = ({ urn }: Pick<StateResource, "urn">) => urn.slice(urn.lastIndexOf("::") + 2);

/** The nodes that a state knows, by the component that every one of them has. */
export function nodesInState(resources: readonly StateResource[]): string[] {
    return resources.filter(({ type }) => type === "slipway:node:PreparedNode").map(nameOf);
}

/** Whether a node of the state is a control plane. */
export function isControlPlaneInState(resources: readonly StateResource[], node: string): boolean {
    return resources.some(
        (one) => one.type === "slipway:controlplane:ControlPlane" && nameOf(one) === `${node}-control-plane`,
    );
}

/** The address that a node's steps were made with. */
export function addressInState(resources: readonly StateResource[], node: string): string | undefined {
    const base = resources.find((one) => one.type === "command:remote:Command" && nameOf(one) === `${node}-base`);
    const [, address] = (base?.inputs?.triggers ?? []) as unknown[];
    return typeof address === "string" ? address : undefined;
}

/**
 * Nodes that the configuration calls lost are marked so in the state. Of one that the state doesn't know there is nothing
 * to mark: it would be built, on a machine that doesn't answer.
 *
 * @throws Failure that names them. What another backend holds isn't looked at.
 */
export function refuseForgotten(stack: Stack, { nodes }: Pick<Settings, "nodes">): void {
    const lost = nodes.filter((node) => node.lost).map(({ name }) => name);
    const state = lost.length > 0 && stack.ownBackend ? (readState(stack) ?? { resources: [] }) : undefined;
    const forgotten = state ? lost.filter((name) => !nodesInState(state.resources).includes(name)) : [];
    if (forgotten.length === 0) return;
    throw new Failure(
        `${forgotten.join(", ")}: lost in ${stack.configFile}, and forgotten already, for the state has no such node. Take ` +
            "it out of the configuration; or, where a fresh machine stands in its place, take out `lost: true`. Nothing " +
            "was touched.",
    );
}

const memberOf = (node: string) => (one: StateResource) =>
    one.type === "command:remote:Command" && nameOf(one) === `${node}-member`;

/** Nodes that the state knows, and the configuration has no more. */
export function leavingNodes(resources: readonly StateResource[], configured: readonly string[]): string[] {
    return nodesInState(resources).filter((node) => !configured.includes(node) && resources.some(memberOf(node)));
}

/** The program on a control plane that takes a node out of the cluster. */
export function stepIn(resources: readonly StateResource[], node: string): string | undefined {
    const command = resources.find(memberOf(node))?.inputs?.delete;
    return typeof command === "string" ? /^sh (\S+) member remove /.exec(command)?.[1] : undefined;
}

/** A state in which these nodes are taken out through another control plane: by the connection of its own steps. */
export function toldThrough(state: StateExport, nodes: readonly string[], controlPlane: string): StateExport {
    const resources = state.deployment.resources ?? [];
    const base = resources.find(
        (one) => one.type === "command:remote:Command" && nameOf(one) === `${controlPlane}-base`,
    );
    const connection = base?.inputs?.connection;
    const told = (one: StateResource): StateResource => {
        if (!connection || !nodes.some((node) => memberOf(node)(one))) return one;
        return { ...one, inputs: { ...one.inputs, connection }, outputs: { ...one.outputs, connection } };
    };
    return { ...state, deployment: { ...state.deployment, resources: resources.map(told) } };
}

/** A state that knows nothing of a node any more, nor that anything ever waited for it. Its certificates go with the next `up`. */
export function withoutNode(state: StateExport, node: string): StateExport {
    return without(state, urnsOf(linked(state), node));
}

/** A state in which nothing has been made in the Kubernetes API yet. */
export function withoutObjects(state: StateExport): StateExport {
    const objects = linked(state).filter(({ type }) => type.startsWith("kubernetes:"));
    return without(state, new Set(objects.map(({ urn }) => urn)));
}

const linked = ({ deployment }: StateExport) => (deployment.resources ?? []) as readonly LinkedResource[];

function without(state: StateExport, gone: ReadonlySet<string>): StateExport {
    const stays = (urn: string) => !gone.has(urn);
    const kept = linked(state)
        .filter(({ urn }) => stays(urn))
        .map(({ dependencies, propertyDependencies, deletedWith, ...rest }) => ({
            ...rest,
            ...(dependencies && { dependencies: dependencies.filter(stays) }),
            ...(propertyDependencies && {
                propertyDependencies: Object.fromEntries(
                    Object.entries(propertyDependencies).map(([key, urns]) => [key, urns && urns.filter(stays)]),
                ),
            }),
            ...(deletedWith && stays(deletedWith) && { deletedWith }),
        }));
    return { ...state, deployment: { ...state.deployment, resources: kept } };
}

/** The node's components and all below them, and its membership, which is the cluster's. */
function urnsOf(resources: readonly LinkedResource[], node: string): Set<string> {
    const roots: Readonly<Record<string, string>> = {
        "slipway:node:PreparedNode": node,
        "slipway:node:NodeAgents": `${node}-agents`,
        "slipway:controlplane:ControlPlane": `${node}-control-plane`,
        "command:remote:Command": `${node}-member`,
    };
    const gone = new Set<string>();
    // Parents come before their children.
    for (const one of resources) {
        if (roots[one.type] === nameOf(one) || (one.parent && gone.has(one.parent))) gone.add(one.urn);
    }
    return gone;
}
