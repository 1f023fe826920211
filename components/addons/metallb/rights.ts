import { AccountArgs } from "../account";
import { metallbGroup } from "./definitions";

type Rights = Pick<AccountArgs, "clusterRole" | "rules">;

const read = ["get", "list", "watch"];
const settings = ["ipaddresspools", "l2advertisements", "bgpadvertisements", "bgppeers", "bfdprofiles", "communities"];
const events = { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] };

/** It reads services and the pools, and writes a service's address. */
export const controllerRights: Rights = {
    clusterRole: {
        name: "slipway:metallb:controller",
        rules: [
            { apiGroups: [""], resources: ["services", "namespaces"], verbs: read },
            { apiGroups: [""], resources: ["nodes"], verbs: ["list"] },
            { apiGroups: [""], resources: ["services/status"], verbs: ["update"] },
            events,
        ],
    },
    rules: [
        { apiGroups: [metallbGroup], resources: settings, verbs: read },
        { apiGroups: [metallbGroup], resources: ["ipaddresspools/status"], verbs: ["update"] },
        // The memberlist secret, which is its Deployment's.
        { apiGroups: [""], resources: ["secrets"], verbs: ["create", "list"] },
        { apiGroups: ["apps"], resources: ["deployments"], resourceNames: ["controller"], verbs: ["get"] },
    ],
};

/** It reads services and their pods' places, and says which service it answers for. */
export const speakerRights: Rights = {
    clusterRole: {
        name: "slipway:metallb:speaker",
        rules: [
            { apiGroups: [""], resources: ["services", "nodes", "namespaces"], verbs: read },
            { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: read },
            {
                apiGroups: [metallbGroup],
                resources: ["servicel2statuses", "servicel2statuses/status"],
                verbs: ["*"],
            },
            events,
        ],
    },
    rules: [
        { apiGroups: [metallbGroup], resources: settings, verbs: read },
        {
            apiGroups: [metallbGroup],
            resources: ["servicebgpstatuses", "servicebgpstatuses/status"],
            verbs: ["*"],
        },
        { apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] },
        { apiGroups: [""], resources: ["secrets", "configmaps"], verbs: read },
    ],
};
