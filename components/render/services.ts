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

/** `kubectl` for whoever logs in. */
export function kubectlLink(): Fragment {
    return [{ kind: "link", path: paths.kubectl, target: `${paths.kubernetes}/kubectl` }];
}

/** The file behind a unit that runs from the active Kubernetes version, and the variables that it reads. */
export const kubernetesInputs: readonly string[] = [paths.kubernetes, paths.kubeVariables];

/** EnvironmentFile= lines; a missing file is no error, so that nobody is locked out by deleting one. */
export function environmentFiles(...files: readonly string[]): string[] {
    return [paths.kubeVariables, ...files].map((file) => `-${file}`);
}
