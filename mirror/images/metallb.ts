import type { Architecture } from "../../components/inventory/node";
import { goImage } from "./goImage";
import type { Recipe } from "./recipe";

/** MetalLB's controller, which hands out addresses. */
export function metallbController(version: string, arch: Architecture): Recipe {
    return metallb("controller", version, arch);
}

/** MetalLB's speaker for layer 2: without the tools beside FRR that its BGP mode in upstream's image can use. */
export function metallbSpeaker(version: string, arch: Architecture): Recipe {
    return metallb("speaker", version, arch);
}

function metallb(command: string, version: string, arch: Architecture): Recipe {
    const module = "go.universe.tf/metallb";
    return goImage(
        {
            source: `https://github.com/metallb/metallb/tree/v${version}`,
            build: { require: { [module]: `v${version}` }, packages: [`${module}/${command}`] },
            commands: { [command]: command },
            config: { Entrypoint: [`/${command}`] },
        },
        arch,
    );
}
