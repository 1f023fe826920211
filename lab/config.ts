import { z } from "zod";

import { parseCidr, sizeOf } from "../components/inventory";

const port = z.int("must be a whole number").min(1, "must be 1 to 65535").max(65535, "must be 1 to 65535");
const names = z.array(z.string()).default([]);

/** `slipway:lab`. */
export const labSchema = z.strictObject({
    name: z
        .string()
        .regex(/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/, "must be lower-case letters, digits and dashes")
        .describe("First part of the nodes' names: dev-1, dev-2, …"),
    subnet: z
        .string()
        .regex(/^\d+(\.\d+){3}\/\d+$/, 'must be an IPv4 network such as "172.31.231.0/24"')
        .default("172.31.231.0/24")
        .describe("Network of the nodes; the first node has its address number 11."),
    controlPlanes: z.int().min(1, "a cluster needs a control plane").max(7).default(1),
    workers: z.int().min(0).max(50).default(2),
    sshPort: port.default(2231).describe("Port of 127.0.0.1 for the first node's SSH; the next ones follow."),
    apiPort: port.default(6443).describe("Port of 127.0.0.1 for the first control plane's API."),
    user: z
        .string()
        .regex(/^[a-z_][a-z0-9_-]{0,30}$/)
        .default("slipway")
        .describe("The ordinary user with sudo that SSH logs in as."),
    bare: names.describe("Nodes that start without docker, and with a package that conflicts with it."),
    overHttp: names.describe("Nodes that take their artifacts over HTTP instead of from a mounted folder."),
});

export type LabConfig = z.output<typeof labSchema>;

/** Addresses before the first node's: gateway, the lab's HTTP server, and room for a virtual address. */
const firstNode = 11;

/** Reads `slipway:lab`. Fails with every problem at once, each with its path. */
export function parseLab(raw: unknown): LabConfig {
    const parsed = labSchema.safeParse(raw);
    const problems = parsed.success
        ? contradictions(parsed.data)
        : parsed.error.issues.map((issue) => `slipway:lab.${issue.path.join(".")}: ${issue.message}.`);
    if (problems.length > 0) {
        throw new Error(problems.join("\n"));
    }
    return parsed.data!;
}

function contradictions(lab: LabConfig): string[] {
    const nodes = nodeNames(lab);
    const problems = [...lab.bare, ...lab.overHttp]
        .filter((name) => !nodes.includes(name))
        .map((name) => `slipway:lab: there is no node ${name}; the nodes are ${nodes.join(", ")}.`);
    if (sizeOf(parseCidr(lab.subnet)) < firstNode + nodes.length + 1) {
        problems.push(`slipway:lab.subnet: ${lab.subnet} has no room for ${nodes.length} nodes.`);
    }
    const ssh = nodes.map((_, index) => lab.sshPort + index);
    if (ssh.includes(lab.apiPort)) {
        problems.push(`slipway:lab.apiPort: ${lab.apiPort} is the SSH port of a node (${ssh[0]} to ${ssh.at(-1)}).`);
    }
    return problems;
}

/** The nodes' names, control planes first. */
export function nodeNames(lab: LabConfig): string[] {
    return Array.from({ length: lab.controlPlanes + lab.workers }, (_, index) => `${lab.name}-${index + 1}`);
}

/** Number of the nth node's address in the subnet. */
export const addressNumber = (index: number): number => firstNode + index;
