import type { NodeSpec } from "../inventory/node";
import { paths } from "../inventory/paths";
import { Fragment } from "./entries";
import { yaml } from "./text";

/**
 * Pods that a kubelet runs by itself, whether the API answers or not. It sees a file that comes, changes or goes.
 * https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/
 */
export function staticPods({ staticPods = {} }: NodeSpec): Fragment {
    return Object.entries(staticPods).map(([name, pod]) => ({
        kind: "file",
        path: `${paths.staticPods}/${name}.yaml`,
        mode: "0600",
        content: yaml(pod),
    }));
}
