import type { Architecture } from "../../components/inventory/node";
import { goImage } from "./goImage";
import type { Recipe } from "./recipe";

/** local-path-provisioner with a shell beside it, as upstream's image has one. */
export function localPathProvisioner(version: string, arch: Architecture): Recipe {
    const module = "github.com/rancher/local-path-provisioner";
    return goImage(
        {
            source: `https://github.com/rancher/local-path-provisioner/tree/v${version}`,
            build: {
                require: { [module]: `v${version}` },
                packages: [module],
                variables: { "main.VERSION": `v${version}` },
            },
            commands: { "local-path-provisioner": "usr/bin/local-path-provisioner" },
            config: { Cmd: ["local-path-provisioner"] },
            shell: true,
        },
        arch,
    );
}
