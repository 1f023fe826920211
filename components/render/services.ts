import { paths } from "../inventory/paths";
import { Fragment } from "./entries";
import { variables } from "./text";

/** Variables that every Kubernetes service reads, and that an operator may look up in one place. */
export function kubeVariables(): Fragment {
    return [{ kind: "file", path: paths.kubeVariables, content: variables({ KUBE_LOGGING: "--v=1" }) }];
}

/** Makes this version the active one: every service that runs from the link restarts. */
export function kubernetesLink(version: string): Fragment {
    return [{ kind: "link", path: paths.kubernetes, target: `v${version}` }];
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
