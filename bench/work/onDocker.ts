/** The floor of pods at once: the same containers on the same nodes, started by docker alone. */
import { images } from "../../mirror/catalogue";
import { onNode } from "../../test/e2e/harness";
import { timed } from "../figures";
import { nodes } from "../stack";

/** Of the containers that are started here. */
const label = "slipway.bench";

interface OnDocker {
    /** Waits until no node has more containers than at first: they go some time after their pods have left the API. */
    settled(): Promise<void>;
    /** Starts what so many pods are made of, all at once, and takes it away again. Seconds until all have started. */
    start(pods: number): Promise<number>;
}

/** Looks at what containers there are now; whatever is more later is the measurement's. */
export async function onDocker(): Promise<OnDocker> {
    const counts = async () => {
        const said = await Promise.all(nodes.map((node) => onNode(node, "docker ps --all --quiet | wc -l")));
        return said.map(Number);
    };
    const atFirst = await counts();
    const settled = async () => {
        while ((await counts()).some((count, node) => count > atFirst[node]!)) {
            await new Promise((resolve) => setTimeout(resolve, 500));
        }
    };
    const start = async (pods: number) => {
        const shares = nodes.map((node, i) => ({ node, share: Math.ceil((pods - i) / nodes.length) }));
        const onAll = (script: (share: number) => string) =>
            Promise.all(shares.map(({ node, share }) => onNode(node, script(share))));
        const took = await timed(() => onAll(podsOf));
        await onAll(() => `docker ps --quiet --filter label=${label} | xargs docker rm --force >/dev/null`);
        await settled();
        return took;
    };
    return { settled, start };
}

/** A pod is a sandbox and a container in its namespaces. The pods' network is left out. */
function podsOf(count: number): string {
    const run = `docker run --detach --label ${label}`;
    const { reference } = images().pause;
    const one = `sandbox=$(${run} --network none --ipc shareable ${reference}) && ${run} --network container:$sandbox --ipc container:$sandbox ${reference}`;
    return `seq ${count} | xargs -P ${count} -I_ sh -ec '${one}' >/dev/null`;
}
