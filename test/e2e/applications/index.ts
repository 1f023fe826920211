import type { OwnImage } from "../../../mirror/ownImages";
import type { lab, TestStack } from "../harness";
import { classics } from "./classics";
import { dashboard } from "./dashboard";
import { healing } from "./healing";
import { loadBalancer } from "./loadBalancer";
import { logs } from "./logs";
import { grown, metrics, shrunk } from "./metrics";
import { microservices, revived } from "./microservices";
import { monitoring } from "./monitoring";
import { ownImages } from "./ownImages";
import { redisOnANode } from "./redis";
import { releases } from "./releases";
import { storage } from "./storage";

/** What a cluster is used for: each is switched on, used the way a person would, and switched off. */
export interface Application {
    readonly addons?: Readonly<Record<string, unknown>>;
    readonly workloads?: Readonly<Record<string, unknown>>;
    /** Images of its own, for `slipway:images`. */
    readonly images?: readonly OwnImage[];
    /** Makes what its configuration names. */
    prepare?(this: void): Promise<void>;
    /** Declares its cases. They find a cluster of the lab with everything switched on, and leave it as it was. */
    cases(this: void, stack: TestStack, on: typeof lab): void;
}

/** In the order in which their cases run, by what is tried. */
export const applications: Readonly<Record<string, Application>> = {
    // A load begins and ends while others are tried: an autoscaler takes its time.
    metrics,
    redis: redisOnANode,
    classics,
    storage,
    "load balancer": loadBalancer,
    "an autoscaler under load": grown,
    microservices,
    "images of one's own": ownImages,
    releases,
    "a monolith that was ill": revived,
    monitoring,
    dashboard,
    logs,
    "an autoscaler without load": shrunk,
    healing,
};

/** What is to be written into the configuration, so that one `up` switches all of them on. */
export function allOf(part: "addons" | "workloads"): Record<string, unknown> {
    return Object.assign({}, ...Object.values(applications).map((one) => one[part])) as Record<string, unknown>;
}

/** Every image of one's own that one of them brings. */
export const allImages = (): OwnImage[] => Object.values(applications).flatMap(({ images }) => images ?? []);
