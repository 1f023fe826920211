import type { Architecture } from "../../components/inventory/node";
import { goImage } from "./goImage";
import type { Recipe } from "./recipe";

/** metrics-server, for `kubectl top` and autoscalers. */
export function metricsServer(version: string, arch: Architecture): Recipe {
    const module = "sigs.k8s.io/metrics-server";
    return goImage(
        {
            source: `https://github.com/kubernetes-sigs/metrics-server/tree/v${version}`,
            build: {
                require: { [module]: `v${version}` },
                packages: [`${module}/cmd/metrics-server`],
                variables: { "k8s.io/client-go/pkg/version.gitVersion": `v${version}` },
            },
            commands: { "metrics-server": "metrics-server" },
            config: { Entrypoint: ["/metrics-server"], User: "65534" },
        },
        arch,
    );
}
