// The program: config → lab or inventory → one look at the machines → what is built from it (build.ts).
import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";

import { loadSettings } from "./components/config/load";
import { nodesOf } from "./components/inventory";
import { look } from "./components/remote/look";
import { missingArchives } from "./components/render/packages";
import { withStaticPod } from "./components/workloads/staticPod";
import { loadLab, refuseMisfits } from "./lab/load";
import { missingFrom } from "./mirror/catalogue";
import { loadDigests } from "./mirror/digests";
import { staleOwnImages } from "./mirror/ownImages";
import { dataFolder } from "./setup/paths";
import { quietSdk } from "./setup/quietSdk";
import { mirrorFolder, refuseMissing } from "./setup/stackRecord";
import { tameStackTraces } from "./setup/stackTraces";

/** What takes long to load: see components/remote/look.ts. */
const later = createRequire(__filename);

tameStackTraces();
quietSdk();

export = async () => {
    const settings = loadSettings();
    const stack = pulumi.getStack();
    const mirror = mirrorFolder(stack);
    const digests = loadDigests(mirror);
    const { cluster, workloads } = settings;
    const { versions, images, api, runtime } = cluster;
    refuseMissing(stack, [
        ...missingFrom(digests.files, versions),
        ...missingArchives(cluster, digests.files),
        ...staleOwnImages(images, digests),
    ]);

    const places = { dataFolder: dataFolder(), mirror, clusterPort: api.port, runtime };
    const lab = settings.lab === undefined ? undefined : loadLab(settings.lab, places);
    if (lab) refuseMisfits(settings, lab);
    const machines = lab ? lab.nodes : nodesOf(cluster, settings.nodes);
    const nodes = withStaticPod(machines, { workloads, cluster });

    // One quick look at every node, before anything is made: what drifted counts its generation up.
    const { asked, reports, holdings } = look(nodes);
    await asked;
    const { build } = later("./build") as typeof import("./build");
    return build({ settings, lab, nodes, digests, reports: await reports, holdings: await holdings });
};
