import { execFileSync } from "node:child_process";
import * as fs from "node:fs";

/** A process that can be recognised later, also when its id is given to another one. */
export interface ProcessMark {
    readonly pid: number;
    /** When it started, in the system's own words. */
    readonly started: string;
}

/** When a process started, or "" when there is none. Zombies count as gone. */
export function processStart(pid: number): string {
    try {
        if (process.platform === "linux") {
            const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
            // Past the name in parentheses, which may hold spaces: state is the first field, start time the twentieth.
            const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
            return fields[0] === "Z" || fields[0] === "X" ? "" : fields[19];
        }
        return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    } catch {
        return "";
    }
}

/** Whether that very process still runs. */
export function isSame({ pid, started }: ProcessMark, startOf = processStart): boolean {
    const now = startOf(pid);
    return now !== "" && now === started;
}

/** Processes that carry `name=value` in their environment, except this one. Linux only; elsewhere none is found. */
export function processesWith(name: string, value: string): ProcessMark[] {
    if (process.platform !== "linux") return [];
    const wanted = `${name}=${value}`;
    return fs
        .readdirSync("/proc")
        .filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid)
        .filter((entry) => {
            try {
                return fs.readFileSync(`/proc/${entry}/environ`, "latin1").split("\0").includes(wanted);
            } catch {
                return false;
            }
        })
        .map((entry) => ({ pid: Number(entry), started: processStart(Number(entry)) }))
        .filter(({ started }) => started !== "");
}

/** Asks processes to end with a signal, waits for them, and then ends what is left. */
export async function endProcesses(marks: readonly ProcessMark[], signal: NodeJS.Signals, patience: number) {
    const tell = (which: readonly ProcessMark[], what: NodeJS.Signals) => {
        for (const { pid } of which) {
            try {
                process.kill(pid, what);
            } catch {
                // Gone already.
            }
        }
    };
    const alive = () => marks.filter((mark) => isSame(mark));
    tell(alive(), signal);
    const end = Date.now() + patience;
    while (alive().length > 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 100));
    tell(alive(), "SIGKILL");
}
