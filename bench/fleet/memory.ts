/** Peak memory of processes, sampled from /proc. */
import { readdirSync, readFileSync } from "node:fs";

/** Peak resident memory in bytes, by what the process is. */
export type Peaks = Record<"command" | "engine" | "language host" | "program" | "plugins", number>;

function read(path: string): string {
    try {
        return readFileSync(path, "utf8");
    } catch {
        return "";
    }
}

function kindOf(commandLine: string): keyof Peaks | undefined {
    const [executable = ""] = commandLine.split("\0");
    if (/standins\/serve|pulumi-resource-/.test(commandLine)) return "plugins";
    if (/(^|\/)(pulumi-language-\w+|language-host)$/.test(executable)) return "language host";
    if (/(^|\/)pulumi$/.test(executable)) return "engine";
    if (/bin\/slipway\.mjs/.test(commandLine)) return "command";
    return /@pulumi\/pulumi\/cmd\/run/.test(commandLine) ? "program" : undefined;
}

/** Samples the processes below `parents` until stopped. */
export function watchMemory(parents: number[]): { stop(): Peaks } {
    const peaks: Peaks = { command: 0, engine: 0, "language host": 0, program: 0, plugins: 0 };
    const sample = () => {
        const processes = readdirSync("/proc")
            .filter((name) => /^\d+$/.test(name))
            .map((name) => ({ id: Number(name), status: read(`/proc/${name}/status`) }))
            .map(({ id, status }) => ({ id, status, parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) }));
        const wanted = new Set(parents);
        for (let before = -1; before !== wanted.size;) {
            before = wanted.size;
            for (const { id, parent } of processes) if (wanted.has(parent)) wanted.add(id);
        }
        for (const { id, status } of processes) {
            const kind = wanted.has(id) ? kindOf(read(`/proc/${id}/cmdline`)) : undefined;
            if (!kind) continue;
            const peak = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024;
            peaks[kind] = Math.max(peaks[kind], peak);
        }
    };
    const timer = setInterval(sample, 200);
    return {
        stop: () => {
            clearInterval(timer);
            return peaks;
        },
    };
}
