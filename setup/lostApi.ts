import { probeNodes } from "../components/remote";
import { whoHasData } from "../components/node";
import { machinesOf } from "./machines";
import { withoutObjects } from "./nodeInState";
import type { Prepared } from "./prepare";
import type { Progress } from "./progress";
import { exportState } from "./stack";
import { importState } from "./stateImport";
import { livingControlPlanes } from "./stateCopies";

/**
 * Where all control planes were set up anew, every object of the API went with etcd's data. The state forgets them, so that
 * the run which builds the cluster makes them, too. Not where a snapshot was left for it, which has them.
 *
 * To be called where the API doesn't answer: the machines are asked.
 */
export async function forgetLostObjects(prepared: Prepared, progress: Progress): Promise<void> {
    const state = await exportState(prepared);
    const objectless = withoutObjects(state);
    if (objectless.deployment.resources?.length === state.deployment.resources?.length) return;
    const planes = livingControlPlanes(await machinesOf(prepared));
    const reports = await probeNodes(planes);
    if (whoHasData(planes, reports) !== "nobody" || planes.some(({ name }) => reports[name]?.seeded)) return;
    progress.say("No control plane holds data any more: everything in the Kubernetes API is made anew.");
    await importState(prepared, objectless, "Forgetting the lost API");
}
