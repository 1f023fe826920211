import type { OwnImage } from "../../../mirror/ownImages";
import type { lab, TestStack } from "../harness";
import { classics } from "./classics";
import { healing } from "./healing";
import { microservices } from "./microservices";
import { ownImages } from "./ownImages";
import { redisOnANode } from "./redis";
import { releases } from "./releases";

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

/** In the order in which their cases run. */
export const applications: readonly Application[] = [
    redisOnANode,
    classics,
    microservices,
    ownImages,
    releases,
    healing,
];

/** What is to be written into the configuration, so that one `up` switches all of them on. */
export function allOf(part: "addons" | "workloads"): Record<string, unknown> {
    return Object.assign({}, ...applications.map((application) => application[part])) as Record<string, unknown>;
}
