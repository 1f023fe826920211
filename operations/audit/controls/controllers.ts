import { flags } from "../ask";
import type { Control } from "../control";

const manager = "kube-controller-manager";
const local = "127.0.0.1";

const asks =
    (unit: string) =>
    (id: string, title: string, passes: string, wanted: Parameters<typeof flags>[1]): Control => ({
        id,
        title,
        asked: "control planes",
        passes,
        problems: flags(unit, wanted),
    });
const managers = asks(manager);
const schedulers = asks("kube-scheduler");

/** 1.3 and 1.4: controller-manager and scheduler. */
export const controllers: readonly Control[] = [
    managers("1.3.1", "Pods that have ended are cleared away", "from a number on that is set", {
        "terminated-pod-gc-threshold": /^[1-9]\d{0,3}$/,
    }),
    managers("1.3.2", "No profiling", "it is off", { profiling: "false" }),
    managers("1.3.3", "Each controller has its own account", "they use accounts of their own", {
        "use-service-account-credentials": "true",
    }),
    managers("1.3.4", "Tokens are signed by a key of their own", "the key is named", {
        "service-account-private-key-file": true,
    }),
    managers("1.3.5", "Pods know the cluster's authority", "it is named", { "root-ca-file": true }),
    {
        id: "1.3.6",
        title: "Kubelets' serving certificates are renewed",
        asked: "control planes",
        passes: "the feature isn't switched off",
        problems: ({ processes }) =>
            /RotateKubeletServerCertificate=false/.test(processes[manager]?.flags["feature-gates"] ?? "")
                ? ["RotateKubeletServerCertificate is off"]
                : [],
    },
    managers("1.3.7", "Only this machine may ask it", "it listens on loopback", { "bind-address": local }),
    schedulers("1.4.1", "No profiling", "it is off", { profiling: "false" }),
    schedulers("1.4.2", "Only this machine may ask it", "it listens on loopback", { "bind-address": local }),
];
