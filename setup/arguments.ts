import { distance } from "fastest-levenshtein";
import { Failure } from "./failure";
import { artifactSources, type ArtifactSource } from "./stackRecord";

/** The commands, with what they do, as `slipway --help` lists them. */
export const commands = {
    up: "build the cluster, or bring it to what the configuration says",
    preview: "show what `up` would change, and which units restart; changes nothing",
    drift: "show what somebody changed by hand, on nodes and in the API; ends with 1 when there is any",
    sbom: "print what the cluster runs as a software bill of materials (CycloneDX): binaries, images, packages",
    audit: "hold the living cluster against the CIS benchmark's controls; ends with 1 when one fails",
    conformance: "let Kubernetes' own conformance tests judge a cluster; ends with 1 when one fails",
    down: "destroy everything that `up` made",
    adopt: "bring back a state that was lost here, from the copy on the control planes",
    forget: "take a dead node out of the cluster without reaching it, e.g. `npm run forget -- hex-n3`",
    trust: "ask the machines for their host keys, show the fingerprints, pin them in the configuration",
    backup: "take a snapshot of etcd, and bring it to this machine",
    restore: "put a snapshot of etcd back, e.g. `npm run restore -- etcd-20261121T201500Z.db`",
    info: "show the nodes: roles, addresses, state, hardware, system, versions",
    kubeconfig:
        "print the kubeconfig and nothing else, or one for another user (--user); --merge puts it into your own",
    dashboard: "show nodes, pods, services, events, graphs and drift on a page in the browser; changes nothing",
    logs: "follow the logs of all matching pods, or of units on the nodes, e.g. `npm run logs -- my-nginx`",
    "support-bundle": "collect logs, versions and states of all nodes into one archive, secrets left out",
    kubectl: "run kubectl at the cluster's version, e.g. `npm run kubectl -- get nodes`",
    mirror: "fill the mirror: every artifact, with its digest",
    check: "look at this machine and the nodes: what is there, what `up` would do, what is missing",
    pulumi: "run Pulumi itself as `up` would, e.g. `npm run pulumi -- stack ls`",
} as const;

export type CommandName = keyof typeof commands;

export type MirrorTask =
    { readonly what: "verify" | "pin" } | { readonly what: "serve"; readonly host: string; readonly port: number };

export interface Arguments {
    readonly command: CommandName;
    readonly stack: string;
    readonly configFile?: string;
    readonly source?: ArtifactSource;
    /** Of `forget`: which node. */
    readonly node?: string;
    /** Of `restore`: which snapshot. */
    readonly file?: string;
    /** Of `logs`: which pods. */
    readonly selector?: string;
    /** Options of this command that have a value, such as --port of `dashboard`. Absent: none was given. */
    readonly values?: Readonly<Record<string, string>>;
    /** Of `mirror`: what to do with the filled mirror instead of filling it. */
    readonly task?: MirrorTask;
    /** Switches of this command that are on, such as --merge of `kubeconfig`. */
    readonly switches: readonly string[];
    /** Handed on to Pulumi, or to kubectl, as they are. */
    readonly rest: readonly string[];
}

const withValue = ["--stack", "--config-file", "--source"] as const;
const tasks = ["--verify", "--serve", "--pin"];
/** What single commands can be told with a word alone. */
const switches: Partial<Record<CommandName, readonly string[]>> = {
    info: ["--json"],
    mirror: ["--packages"],
    kubeconfig: ["--merge"],
    preview: ["--json"],
    drift: ["--json"],
    audit: ["--json"],
    conformance: ["--short", "--resume"],
    down: ["--delete-data"],
    forget: ["--force"],
    restore: ["--yes"],
    dashboard: ["--no-open", "--headlamp"],
    logs: ["--no-follow", "--previous"],
};
/** What single commands can be told with a word and a value. */
const valued: Partial<Record<CommandName, readonly string[]>> = {
    dashboard: ["--port"],
    conformance: ["--kubeconfig", "--procs", "--minutes", "--focus", "--record"],
    trust: ["--accept"],
    backup: ["--to"],
    kubeconfig: ["--user", "--group", "--ttl"],
    logs: ["--namespace", "--since", "--container", "--unit", "--node"],
};
/** Short forms. */
const short: Readonly<Record<string, string>> = { "-n": "--namespace" };
/** Options of Pulumi's that are handed on from up, preview and down; others go behind "--". */
const handedOn = ["--diff", "--expect-no-changes", "--refresh", "--json", "--target", "--replace", "--debug"];
const handedOnWithValue = ["--target", "--replace"];

/**
 * Reads the command line (without node and script).
 *
 * @throws Failure for anything unknown, naming what is near.
 */
export function parseArguments(words: readonly string[]): Arguments {
    const [command, ...others] = words;
    if (command === undefined || !(command in commands)) {
        const near = command === undefined ? "" : suggest(command, Object.keys(commands));
        const problem = command === undefined ? "Say what to do" : `There is no command "${command}"${near}`;
        throw new Failure(`${problem}; there are ${Object.keys(commands).join(", ")}.`);
    }
    const values: Record<string, string> = {};
    const ownValues: Record<string, string> = {};
    const own = switches[command as CommandName] ?? [];
    const ownWithValue = valued[command as CommandName] ?? [];
    const on = new Set<string>();
    const rest: string[] = [];
    let task: MirrorTask | undefined;
    let node: string | undefined;
    let selector: string | undefined;
    let file: string | undefined;
    const queue = [...others];
    for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
        const [written, inline] = split(word);
        const name = ownWithValue.includes(short[written]) ? short[written] : written;
        const value = () => {
            const found = inline ?? queue.shift();
            if (found === undefined) throw new Failure(`${name} needs a value.`);
            return found;
        };
        if ((withValue as readonly string[]).includes(name)) {
            values[name] = value();
        } else if (word === "--") {
            // kubectl has uses for one of its own: kubectl exec POD -- COMMAND
            if (command === "kubectl" && rest.length > 0) rest.push(word);
            rest.push(...queue.splice(0));
        } else if (command === "pulumi" || command === "kubectl") {
            rest.push(word);
        } else if (command === "forget" && !word.startsWith("-") && node === undefined) {
            node = word;
        } else if (command === "restore" && !word.startsWith("-") && file === undefined) {
            file = word;
        } else if (command === "logs" && !word.startsWith("-") && selector === undefined) {
            selector = word;
        } else if (ownWithValue.includes(name)) {
            ownValues[name] = value();
        } else if (own.includes(word)) {
            on.add(word);
        } else if (command === "mirror" && tasks.includes(name)) {
            if (task) throw new Failure(`${name} and --${task.what} are two things: say one at a time.`);
            const given = inline ?? (name === "--serve" && !queue[0]?.startsWith("-") ? queue.shift() : undefined);
            task = readTask(name, given);
        } else if (handedOn.includes(name) && ["up", "preview", "down"].includes(command)) {
            rest.push(...(handedOnWithValue.includes(name) ? [name, value()] : [word]));
        } else {
            const near = word.startsWith("-")
                ? suggest(name, [...withValue, ...own, ...ownWithValue, ...(command === "mirror" ? tasks : handedOn)])
                : "";
            throw new Failure(
                `\`slipway ${command}\` doesn't know "${word}"${near}. ` +
                    `It takes ${[...withValue, ...own, ...ownWithValue].join(", ")}; what stands behind "--" goes to Pulumi.`,
            );
        }
    }
    if (command === "forget" && node === undefined) {
        throw new Failure("Say which node is to be forgotten: `slipway forget NODE`.");
    }
    if (command === "restore" && file === undefined) {
        throw new Failure("Say which snapshot is to be put back: `slipway restore FILE`.");
    }
    if (command === "logs" && (selector === undefined) === (ownValues["--unit"] === undefined)) {
        throw new Failure(
            "Say whose logs: `slipway logs SELECTOR` for pods (part of a name, or a label selector such as app=web), " +
                "or `slipway logs --unit kubelet` for a unit of the nodes; one of both.",
        );
    }
    return {
        command: command as CommandName,
        stack: values["--stack"] ?? "dev",
        configFile: values["--config-file"],
        source: readSource(values["--source"]),
        ...(task && { task }),
        ...(node && { node }),
        ...(file && { file }),
        ...(selector !== undefined && { selector }),
        ...(Object.keys(ownValues).length > 0 && { values: ownValues }),
        switches: [...on],
        rest,
    };
}

/** `; did you mean "up"?`, or nothing when nothing is near. */
export function suggest(word: string, known: readonly string[]): string {
    const [best] = known.map((name) => ({ name, off: distance(word, name) })).sort((a, b) => a.off - b.off);
    return best && best.off <= Math.max(2, Math.floor(best.name.length / 3)) ? ` (did you mean "${best.name}"?)` : "";
}

export function help(): string {
    const width = Math.max(...Object.keys(commands).map((name) => name.length));
    return [
        "Usage: slipway COMMAND [options]        (npm run COMMAND -- [options] is the same)",
        "",
        ...Object.entries(commands).map(([name, what]) => `  ${name.padEnd(width)}  ${what}`),
        "",
        "  --stack NAME         which stack (default: dev, the lab on this machine)",
        "  --config-file FILE   its configuration (default: Pulumi.NAME.yaml)",
        "  --source SOURCE      where Kubernetes and friends come from, decided once for each stack:",
        "                       upstream, mirror (cluster.source of the configuration) or build (from source)",
        "",
        "  down --delete-data           on machines that stay: etcd's data and local volumes go, too",
        "  forget NODE --force          even though it answers on SSH",
        "  backup --to FILE             to this file (default: a name with the time, in the data folder)",
        "  restore FILE --yes           do it; without it nothing is changed",
        "  info --json                  for programs: everything as one JSON text",
        "  preview --json               for programs: the changes and restarts as one JSON text",
        "  drift --json                 for programs: the same as one JSON text",
        "  audit --json                 for programs: every control's outcome as one JSON text",
        "  conformance --short          a few minutes' worth; --kubeconfig FILE: any cluster; --focus TEXT: those with this text",
        "                               in their names; --procs N at a time (default: 4); --minutes N at most, --resume goes on;",
        "                               --record FILE writes a page about it",
        "  dashboard --port N           on this port of 127.0.0.1 (default: one that is free); --no-open opens no browser;",
        "                               --headlamp: the add-on Headlamp instead of our own page",
        "  logs SELECTOR                part of pods' names, or a label selector: app=web; -n NAMESPACE, --container NAME,",
        "                               --since 10m, --previous, --no-follow",
        "  logs --unit UNIT[,UNIT]      of units on the nodes, e.g. kubelet; --node NAME, --since, --no-follow",
        "  kubeconfig --merge           merge it into the kubeconfig of your own, with a backup beside it",
        "  mirror --packages            fetch the distribution's packages anew, where the mirror carries them",
        "  mirror --verify              check every file of the mirror against its manifest",
        "  mirror --serve [HOST:PORT]   serve it to machines over HTTP, until Ctrl-C (default: 0.0.0.0:8080)",
        "  mirror --pin                 pin the digests of all its files in mirror/lock.json",
        "",
        'What stands behind a second "--" goes to Pulumi: npm run preview -- -- --diff',
    ].join("\n");
}

function split(word: string): [string, string | undefined] {
    const equals = word.indexOf("=");
    return word.startsWith("--") && equals > 0 ? [word.slice(0, equals), word.slice(equals + 1)] : [word, undefined];
}

function readTask(name: string, value: string | undefined): MirrorTask {
    if (name !== "--serve") {
        if (value !== undefined) throw new Failure(`${name} takes no value, and was given "${value}".`);
        return { what: name === "--pin" ? "pin" : "verify" };
    }
    const [, host, digits] = /^(?:([\w.-]*):)?(\d{1,5})$/.exec(value ?? "8080") ?? [];
    const port = Number(digits);
    if (!(port > 0 && port < 65536)) {
        throw new Failure(`--serve can't be "${value}": it is an address and a port, such as 192.168.1.10:8080.`);
    }
    return { what: "serve", host: host || "0.0.0.0", port };
}

function readSource(text: string | undefined): ArtifactSource | undefined {
    if (text === undefined || (artifactSources as readonly string[]).includes(text)) return text as ArtifactSource;
    throw new Failure(
        `--source can't be "${text}"${suggest(text, artifactSources)}: it is one of ${artifactSources.join(", ")}.`,
    );
}
