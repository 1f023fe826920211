import type { Control } from "../control";
import { apiserver } from "./apiserver";
import { configuration } from "./configuration";
import { controllers } from "./controllers";
import { etcd } from "./etcd";
import { files } from "./files";
import { policies } from "./policies";
import { worker } from "./worker";

/** The benchmark that the numbers are from. */
export const benchmark = "CIS Kubernetes Benchmark v1.12";

/** Every control of it, in its order. */
export const controls: readonly Control[] = [
    ...files,
    ...apiserver,
    ...controllers,
    ...etcd,
    ...configuration,
    ...worker,
    ...policies,
];
