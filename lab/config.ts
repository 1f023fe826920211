import { z } from "zod";

import { problemsOf } from "../components/config/problems";
import { formatCidr, parseCidr, sizeOf } from "../components/inventory/addressing";

const port = z.int("must be a whole number").min(1, "must be 1 to 65535").max(65535, "must be 1 to 65535");
const names = z.array(z.string()).default([]);
const octet = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";

/** `slipway:lab`. */
export const labSchema = z.strictObject({
    name: z
        .string()
        .regex(/^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/, "must be lower-case letters, digits and dashes, at most 32")
        .describe("First part of the nodes' names: dev-1, dev-2, …"),
    subnet: z
        .string()
        .regex(new RegExp(`^${octet}(\\.${octet}){3}/(1[6-9]|2\\d)$`), 'must be a network such as "172.31.231.0/24"')
        .default("172.31.231.0/24")
        .describe("Network of the nodes; the first node has its address number 11."),
    controlPlanes: z
        .int("must be a whole number")
        .min(1, "must be at least 1: a cluster needs a control plane")
        .max(7, "must be at most 7")
        .default(1)
        .describe("Nodes that are control planes; they take pods, too."),
    workers: z
        .int("must be a whole number")
        .min(0, "must not be negative")
        .max(200, "must be at most 200")
        .default(2)
        .describe("Nodes that are workers only."),
    sshPort: port.default(2231).describe("Port of 127.0.0.1 for the first node's SSH; the next ones follow."),
    apiPort: port.default(6443).describe("Port of 127.0.0.1 for the first control plane's API; the next ones follow."),
    user: z
        .string()
        .regex(/^[a-z_][a-z0-9_-]{0,30}$/, 'must be a user\'s name such as "slipway"')
        .default("slipway")
        .describe("The ordinary user with sudo that SSH logs in as."),
    bare: names.describe("Nodes that start without docker, to have it installed."),
    conflicting: names.describe("Nodes that start without docker, and with a package that gets in its way."),
    debian13: names.describe("Nodes with Debian 13 instead of 12; they may be bare or conflicting, too."),
    overHttp: names.describe("Nodes that take their artifacts over HTTP instead of from a mounted folder."),
    containerd: names.describe("Nodes that run their containers with containerd; the others follow `cluster.runtime`."),
});

export type LabConfig = z.output<typeof labSchema>;

/** Addresses before the first node's: gateway, the lab's HTTP server, and room for a virtual address. */
const firstNode = 11;

/** Everything that is wrong with `slipway:lab`, each with its path. Pure. */
export function labProblems(raw: unknown): string[] {
    const problems = problemsOf(labSchema, raw, ["lab"]);
    const parsed = labSchema.safeParse(raw);
    return parsed.success ? contradictions(parsed.data) : [...new Set(problems)];
}

/** Reads `slipway:lab`. Fails with every problem at once, one a line. */
export function parseLab(raw: unknown): LabConfig {
    const problems = labProblems(raw);
    if (problems.length > 0) {
        throw new Error(problems.join("\n"));
    }
    return labSchema.parse(raw);
}

function contradictions(lab: LabConfig): string[] {
    return [...strangers(lab), ...subnetProblems(lab), ...portProblems(lab)];
}

function strangers(lab: LabConfig): string[] {
    const nodes = nodeNames(lab);
    return (["bare", "conflicting", "debian13", "overHttp", "containerd"] as const).flatMap((list) =>
        lab[list]
            .filter((name) => !nodes.includes(name))
            .map((name) => `lab.${list} names ${name}, which is no node of this lab: they are ${nodes.join(", ")}.`),
    );
}

function subnetProblems(lab: LabConfig): string[] {
    const network = parseCidr(lab.subnet);
    const count = nodeNames(lab).length;
    return [
        ...(formatCidr(network) === lab.subnet
            ? []
            : [`lab.subnet ${lab.subnet} is not a network's first address: ${formatCidr(network)} is.`]),
        // The last address is the network's broadcast.
        ...(sizeOf(network) > firstNode + count
            ? []
            : [
                  `lab.subnet ${lab.subnet} is too small for ${count} nodes, the first of which has number ${firstNode}.`,
              ]),
    ];
}

function portProblems(lab: LabConfig): string[] {
    const ssh = { name: "sshPort", first: lab.sshPort, last: lab.sshPort + nodeNames(lab).length - 1 };
    const api = { name: "apiPort", first: lab.apiPort, last: lab.apiPort + lab.controlPlanes - 1 };
    const range = ({ first, last }: typeof ssh) => (first === last ? `${first}` : `${first} to ${last}`);
    return [
        ...[ssh, api]
            .filter(({ last }) => last > 65535)
            .map((ports) => `lab.${ports.name} is too high: the nodes would need the ports ${range(ports)}.`),
        ...(ssh.first <= api.last && api.first <= ssh.last
            ? [`lab.sshPort (${range(ssh)}) and lab.apiPort (${range(api)}) overlap.`]
            : []),
    ];
}

/** The nodes' names, control planes first. */
export function nodeNames(lab: Pick<LabConfig, "name" | "controlPlanes" | "workers">): string[] {
    return Array.from({ length: lab.controlPlanes + lab.workers }, (_, index) => `${lab.name}-${index + 1}`);
}

/** Number of the nth node's address in the subnet. */
export const addressNumber = (index: number): number => firstNode + index;

/** What a node's image has in it, and the Debian release it is made of: 12 where none is named. */
export type Flavour = Content | `debian13-${Content}`;
type Content = "node" | "bare" | "conflicting";

/** The flavour of a node's image. */
export function flavourOf(lab: LabConfig, name: string): Flavour {
    const content = lab.conflicting.includes(name) ? "conflicting" : lab.bare.includes(name) ? "bare" : "node";
    return lab.debian13.includes(name) ? `debian13-${content}` : content;
}

/** The flavours that a lab needs, each once. */
export function flavoursOf(lab: LabConfig): Flavour[] {
    return [...new Set<Flavour>(["node", ...nodeNames(lab).map((name) => flavourOf(lab, name))])];
}
