import * as net from "node:net";
import { nodeNames, type LabConfig } from "../lab/config";
import { askEngine, type DockerEngine } from "./docker";

/** A port of 127.0.0.1 that a running container publishes. */
export interface Published {
    readonly port: number;
    readonly container: string;
    /** The lab that the container belongs to. */
    readonly lab?: string;
}

/** What the check depends on; faked by tests. */
export interface PortProbes {
    published(): Promise<readonly Published[]>;
    /** Whether somebody listens on this port of 127.0.0.1. */
    isTaken(port: number): Promise<boolean>;
}

interface Wanted {
    readonly port: number;
    readonly setting: "lab.sshPort" | "lab.apiPort";
    readonly use: string;
}

/** The ports of 127.0.0.1 that a lab publishes. */
function wantedPorts(lab: LabConfig): Wanted[] {
    const names = nodeNames(lab);
    const ssh = names.map(
        (name, i) => ({ port: lab.sshPort + i, setting: "lab.sshPort", use: `SSH to ${name}` }) as const,
    );
    const api = names.slice(0, lab.controlPlanes);
    return [
        ...ssh,
        ...api.map(
            (name, i) => ({ port: lab.apiPort + i, setting: "lab.apiPort", use: `the API on ${name}` }) as const,
        ),
    ];
}

/** One sentence for each port that the lab wants and something else than the lab's own containers has. */
export async function portProblems(lab: LabConfig, probes: PortProbes): Promise<string[]> {
    const held = new Map((await probes.published()).map((each) => [each.port, each]));
    const problems = await Promise.all(
        wantedPorts(lab).map(async ({ port, setting, use }) => {
            const holder = held.get(port);
            if (holder ? holder.lab === lab.name : !(await probes.isTaken(port))) return [];
            const who = holder ? `the container ${holder.container}` : "another program";
            const way = holder ? `\`docker stop ${holder.container}\`` : "stop it";
            return [
                `Port ${port} of 127.0.0.1, wanted for ${use}, is taken by ${who}: ${way}, or set another ${setting}.`,
            ];
        }),
    );
    return problems.flat();
}

/** Asks an engine which ports its running containers publish. */
export async function published(engine: DockerEngine | undefined): Promise<Published[]> {
    if (!engine) return [];
    const { status, body } = await askEngine(engine.host, "/containers/json");
    if (status !== 200) return [];
    const containers = JSON.parse(body) as {
        Names: string[];
        Labels: Record<string, string> | null;
        Ports: { IP?: string; PublicPort?: number; Type: string }[] | null;
    }[];
    return containers.flatMap(({ Names, Labels, Ports }) =>
        (Ports ?? [])
            .filter(({ IP, Type }) => Type === "tcp" && (IP === "127.0.0.1" || IP === "0.0.0.0"))
            .flatMap(({ PublicPort: port }) =>
                port === undefined
                    ? []
                    : [{ port, container: (Names[0] ?? "").replace(/^\//, ""), lab: Labels?.["slipway.lab"] }],
            ),
    );
}

/** Tries to listen there. */
export function isTaken(port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const server = net.createServer();
        server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EADDRINUSE"));
        server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(false)));
    });
}
