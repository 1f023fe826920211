import * as pulumi from "@pulumi/pulumi";

import { podOf } from "./pods";
import { serviceContainer, serviceUser } from "./services";
import { Workload } from "./workload";

interface ReleasesArgs {
    /** hello's two versions. */
    readonly images: { readonly current: string; readonly next: string };
    /** Port of every node's address. */
    readonly nodePort: number;
    /** A node's address, for the URL. */
    readonly address: string;
}

/** Two versions of hello side by side, and one service whose selector says who answers. */
abstract class Releases extends Workload {
    readonly url: pulumi.Output<string>;

    protected constructor(type: string, name: string, args: ReleasesArgs, opts: pulumi.ComponentResourceOptions) {
        super(type, name, opts);
        this.url = pulumi.output(`http://${args.address}:${args.nodePort}/`);
    }

    protected release(
        namespace: pulumi.Output<string>,
        { name, image, replicas, labels }: { name: string; image: string; replicas: number; labels: Labels },
    ): void {
        const spec = podOf(serviceUser, { containers: [serviceContainer({ name: "hello", image })] });
        this.deploy(namespace, { name, replicas, spec, labels });
    }

    protected answer(namespace: pulumi.Output<string>, nodePort: number, selector: Labels): void {
        const ports = [{ name: "http", port: 80, targetPort: "http", nodePort }];
        this.expose(namespace, "hello", { type: "NodePort", selector, ports });
    }
}

type Labels = Record<string, string>;

export interface BlueGreenArgs extends ReleasesArgs {
    /** Which of the two answers. Default blue. */
    readonly active: "blue" | "green";
    /** Pods of each. Default 2. */
    readonly replicas: number;
}

/** hello-blue (the current version) and hello-green (the next one): one of them answers, the other is ready to. */
export class BlueGreen extends Releases {
    constructor(name: string, args: BlueGreenArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:workloads:BlueGreen", name, args, opts);
        const namespace = this.makeNamespace("restricted");
        const { images, replicas, nodePort } = args;
        for (const [color, image] of Object.entries({ blue: images.current, green: images.next })) {
            this.release(namespace, { name: `hello-${color}`, image, replicas, labels: { color } });
        }
        this.answer(namespace, nodePort, { color: args.active });
        this.registerOutputs({ url: this.url });
    }
}

export interface CanaryArgs extends ReleasesArgs {
    /** Pods of both together. Default 4. */
    readonly replicas: number;
    /** Share of the next version's pods, and of the requests that it answers. Default 25. */
    readonly percent: number;
}

/** hello-stable and hello-canary behind one service, which sends each connection to any of their pods alike. */
export class Canary extends Releases {
    constructor(name: string, args: CanaryArgs, opts: pulumi.ComponentResourceOptions) {
        super("slipway:workloads:Canary", name, args, opts);
        const namespace = this.makeNamespace("restricted");
        const { images, nodePort } = args;
        const canaries = (args.replicas * args.percent) / 100;
        const labels = { serves: "hello" };
        const stable = args.replicas - canaries;
        this.release(namespace, { name: "hello-stable", image: images.current, replicas: stable, labels });
        this.release(namespace, { name: "hello-canary", image: images.next, replicas: canaries, labels });
        this.answer(namespace, nodePort, labels);
        this.registerOutputs({ url: this.url });
    }
}
