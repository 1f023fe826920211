import type { Versions } from "../../mirror/catalogue";
import { paths } from "../inventory/paths";
import { Fragment } from "./entries";
import { variables } from "./text";

/**
 * The version that Kubernetes' services run from, and the variables that all of them read.
 *
 * Both steps of a control plane name them, so that each manifest's stamps show which units a new version restarts.
 */
export function activeVersion({ kubernetes }: Versions): Fragment {
    return [
        { kind: "link", path: paths.kubernetes, target: `v${kubernetes}` },
        { kind: "file", path: paths.kubeVariables, content: variables({ KUBE_LOGGING: "--v=0" }) },
    ];
}

/** Of the active version. It makes no file in anybody's home, and one that is there comes first. */
const kubectlScript = `#!/bin/sh
# kubectl of the cluster's version. Where nothing else is said, whoever may read the administrator's kubeconfig uses it.
if [ -z "\${KUBECONFIG:-}" ] && [ ! -e "\${HOME:-/root}/.kube/config" ] && [ -r ${paths.adminKubeconfig} ]; then
    export KUBECONFIG=${paths.adminKubeconfig}
fi
exec ${paths.kubernetes}/kubectl "$@"
`;

/** `kubectl` for whoever logs in; on a control plane it is ready to use with sudo. */
export function kubectl(): Fragment {
    return [{ kind: "file", path: paths.kubectl, mode: "0755", content: kubectlScript }];
}

/** The file behind a unit that runs from the active Kubernetes version, and the variables that it reads. */
export const kubernetesInputs: readonly string[] = [paths.kubernetes, paths.kubeVariables];

/** EnvironmentFile= lines; a missing file is no error, so that nobody is locked out by deleting one. */
export function environmentFiles(...files: readonly string[]): string[] {
    return [paths.kubeVariables, ...files].map((file) => `-${file}`);
}
