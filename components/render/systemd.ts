type Value = string | readonly string[];

/** The sections of a unit file, in the order they stand; a list is one line for each of its items. */
export interface UnitText {
    readonly Unit: Readonly<Record<string, Value>>;
    readonly Service: Readonly<Record<string, Value>>;
    readonly Install?: Readonly<Record<string, Value>>;
}

/** Writes a service unit that starts with the machine. */
export function unitText(sections: UnitText): string {
    const all = { ...sections, Install: sections.Install ?? { WantedBy: "multi-user.target" } };
    return Object.entries(all)
        .map(([section, settings]) => [`[${section}]`, ...Object.entries(settings).flatMap(lines), ""].join("\n"))
        .join("\n");
}

function lines([name, value]: [string, Value]): string[] {
    return (typeof value === "string" ? [value] : value).map((one) => `${name}=${one}`);
}

/**
 * A command line for ExecStart=, one argument on each line.
 *
 * An argument such as $KUBE_LOGGING is a variable of an EnvironmentFile: set, it is split at blanks; unset, it vanishes.
 */
export function commandLine(command: string, ...args: readonly string[]): string {
    return [command, ...args].map(quoted).join(" \\\n    ");
}

/** A short command line on one line, for ExecStartPre= and the like. */
export function command(...words: readonly string[]): string {
    return words.map(quoted).join(" ");
}

/** https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html#Command%20lines */
function quoted(word: string): string {
    if (/^\$[A-Z_]+$/.test(word)) {
        return word;
    }
    const escaped = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
    return /[\s"'\\;]/.test(escaped) ? `"${escaped.replace(/[\\"]/g, "\\$&")}"` : escaped;
}

/** What every long-running service here has: it comes back, for ever, and isn't limited in open files. */
export const respawn = {
    Restart: "always",
    RestartSec: "1",
    LimitNOFILE: "1048576",
    TasksMax: "infinity",
} as const;

/** Never gives up restarting: a node that boots before its network must heal by itself. */
export const neverGiveUp = { StartLimitIntervalSec: "0" } as const;
