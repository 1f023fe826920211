import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

import { isControlPlane, type NodeSpec } from "../components/inventory";
import { flavourOf, type Flavour, type LabConfig } from "./config";
import type { LabFacts, LabKeys } from "./facts";
import { machine, settled } from "./machine";
import { httpAddress, mirrorMount } from "./nodes";

export interface LabArgs {
    readonly config: LabConfig;
    readonly facts: LabFacts;
    readonly keys: LabKeys;
    readonly nodes: readonly NodeSpec[];
    /** The folder that mirrors are in, on this machine; every node sees it. */
    readonly mirrorRoot: string;
    /** The API's port on its node. */
    readonly clusterPort: number;
}

/** Machines for a cluster on this one: containers with systemd and sshd at fixed addresses. */
export class Lab extends pulumi.ComponentResource {
    /** Never replaced while the lab lives: the target of `deletedWith`. */
    readonly network: docker.Network;
    /** Whatever a cluster on these machines depends on. */
    readonly containers: docker.Container[];

    constructor(name: string, args: LabArgs, opts?: pulumi.ComponentResourceOptions) {
        super("slipway:lab:Lab", name, {}, opts);
        const { config, nodes } = args;
        this.network = new docker.Network(
            `${name}-network`,
            {
                name: `slipway-${config.name}`,
                driver: "bridge",
                ipamConfigs: [{ subnet: config.subnet }],
                labels: labels(config),
            },
            { parent: this },
        );
        const child: pulumi.CustomResourceOptions = {
            parent: this,
            deleteBeforeReplace: true,
            ignoreChanges: settled,
        };
        const server = config.overHttp.length > 0 ? [this.server(`${name}-mirror`, args, child)] : [];
        const machines = nodes.map(
            (node, index) => new docker.Container(node.name, this.machine(node, index, args), child),
        );
        this.containers = [...server, ...machines];
        this.registerOutputs({});
    }

    private machine(node: NodeSpec, index: number, args: LabArgs): docker.ContainerArgs {
        const { config, facts, keys, mirrorRoot, clusterPort } = args;
        const { uploads, ...made } = machine({
            name: node.name,
            image: imageOf(facts, flavourOf(config, node.name)),
            engine: facts.engine,
            keys,
            user: config.user,
            mirrorRoot,
        });
        const api = isControlPlane(node) ? [publish(clusterPort, config.apiPort + index)] : [];
        return {
            ...made,
            uploads: uploads.map((upload) => ({ ...upload, content: pulumi.secret(upload.content) })),
            networksAdvanced: [{ name: this.network.name, ipv4Address: node.address }],
            ports: [publish(22, node.ssh.port), ...api],
            labels: labels(config),
        };
    }

    /** Serves the mirror to those nodes that take their artifacts over HTTP. */
    private server(name: string, args: LabArgs, opts: pulumi.CustomResourceOptions): docker.Container {
        const { config, facts, mirrorRoot } = args;
        return new docker.Container(
            name,
            {
                name: `${config.name}-mirror`,
                image: imageOf(facts, "node"),
                entrypoints: ["busybox", "httpd", "-f", "-p", "80", "-h", mirrorMount],
                restart: "unless-stopped",
                stopSignal: "SIGKILL",
                volumes: [{ containerPath: mirrorMount, hostPath: mirrorRoot, readOnly: true }],
                networksAdvanced: [{ name: this.network.name, ipv4Address: httpAddress(config) }],
                labels: labels(config),
            },
            opts,
        );
    }
}

const labels = (config: LabConfig) => [{ label: "slipway.lab", value: config.name }];

/** A port of the loopback address: it answers also where containers' addresses don't, and to nobody else. */
const publish = (internal: number, external: number) => ({ ip: "127.0.0.1", internal, external });

function imageOf({ images }: LabFacts, flavour: Flavour): string {
    const image = images[flavour];
    if (!image) {
        throw new Error(`The lab has no image for ${flavour} nodes yet: run \`npm run up\`, which builds it.`);
    }
    return image;
}
