/**
 * The stand-in for @pulumi/kubernetes: every kind that an API server serves, by server-side apply, with waits for those
 * that become ready later. Helm, Kustomize, YAML files and rendering to a folder are not here.
 */
import type { Provider } from "../provider";
import { Cluster } from "./cluster";
import { diffConfig } from "./diffConfig";
import { handlerFor } from "./handler";
import { settingsFailures, settingsOf } from "./settings";

/** Types of the package that aren't objects of an API server. */
const others = /^kubernetes:(helm\.sh|kustomize|yaml)[/:]/;

export const provider: Provider = {
    name: "kubernetes",
    checkConfig: ({ inputs }) => ({ inputs, failures: settingsFailures(inputs) }),
    diffConfig,
    configure: (config) => {
        const cluster = new Cluster(settingsOf(config));
        const handler = handlerFor(cluster);
        const isObject = (type: string) => type.split(":").length === 3 && !others.test(type);
        return {
            resources: {},
            resource: (type) => (isObject(type) ? handler : undefined),
            close: () => cluster.close(),
        };
    },
};
