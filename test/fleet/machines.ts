/**
 * Simulated machines: one SSH server in this process, on a port of 127.0.0.1, that is as many machines as there are
 * names to log in with. A machine lets everybody in, throws away what is copied to it, remembers the words of each step
 * that was applied, and answers the node kit's commands after `nodeTime`.
 */
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Server, utils, type Connection, type Session, type SFTPWrapper } from "ssh2";

import type { KindReport, NodeReport } from "../../components/remote";
import type { Fitness } from "../../components/remote/fitness";
import { keyPair } from "../contract/sshServer";

/** How long a machine takes for a command, in milliseconds. */
const nodeTime = 5;

/** What a command prints; one that can't be answered fails. */
interface Answer {
    readonly code: number;
    readonly stdout: string;
}

const done: Answer = { code: 0, stdout: "" };

/** What is called whenever a step is applied: the simulated control plane starts its API from that. */
export type OnApply = (step: { machine: string; kind: string; manifest: string }) => void;

export interface Logins {
    /** How many each machine let in. */
    readonly of: Record<string, number>;
    /** The most connections that were open at once. */
    readonly atOnce: number;
}

export class Machines {
    /** What each machine was asked for since `asked` was last emptied: "preflight", "probe", "holdings", "is it there", "copy", "stage apply", "join w-2", … */
    readonly asked: Record<string, string[]> = {};
    private readonly machines = new Map<string, Machine>();
    private logins: Logins = { of: {}, atOnce: 0 };
    private held: Promise<void> = Promise.resolve();
    private onAsked: () => void = () => undefined;

    private constructor(
        private readonly server: Server,
        private readonly connections: Set<Connection>,
        readonly hostKey: string,
        /** One that is let in, as every other is. */
        readonly privateKey: string,
    ) {}

    static async start(onApply: OnApply = () => undefined): Promise<Machines> {
        const host = keyPair();
        const connections = new Set<Connection>();
        const server = new Server({ hostKeys: [host.privateKey] });
        const machines = new Machines(server, connections, host.line, keyPair().privateKey);
        server.on("connection", (connection: Connection) => {
            connections.add(connection);
            connection.on("close", () => connections.delete(connection));
            connection.on("error", () => undefined);
            // Each answer is one small packet: none shall wait for the one before it.
            (connection as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true);
            connection.on("authentication", (login) => {
                const machine = machines.machine(login.username, onApply);
                machines.noteLogin(login.username);
                connection.once("ready", () => connection.on("session", (accept) => machine.serve(accept())));
                login.accept();
            });
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        return machines;
    }

    get port(): number {
        return (this.server.address() as AddressInfo).port;
    }

    /** Gives back what each machine was asked for since the last time, without the machines that were asked nothing. */
    takeAsked(): Record<string, string[]> {
        const taken = { ...this.asked };
        for (const name of Object.keys(this.asked)) delete this.asked[name];
        return taken;
    }

    /** Gives back who logged in since the last time. */
    takeLogins(): Logins {
        const taken = this.logins;
        this.logins = { of: {}, atOnce: 0 };
        return taken;
    }

    private noteLogin(name: string): void {
        const { of, atOnce } = this.logins;
        of[name] = (of[name] ?? 0) + 1;
        this.logins = { of, atOnce: Math.max(atOnce, this.connections.size) };
    }

    /** Lets a machine say, until the step is applied again, that it differs from what was applied. */
    differ(name: string, kind: string, sentence: string): void {
        const machine = this.machines.get(name);
        if (!machine) throw new Error(`${name} was never asked anything.`);
        machine.differences.set(kind, sentence);
    }

    /** Lets no machine answer before that. */
    hold(until: Promise<void>): void {
        this.held = until;
    }

    /** Lets no machine answer before `count` of them have been asked something, and resolves then. */
    holdUntilAsked(count: number): Promise<void> {
        const asked = new Promise<void>((resolve) => {
            this.onAsked = () => Object.keys(this.asked).length >= count && resolve();
        });
        this.hold(asked);
        return asked;
    }

    async close(): Promise<void> {
        for (const connection of this.connections) connection.end();
        await new Promise<void>((resolve) => this.server.close(() => resolve()));
    }

    private machine(name: string, onApply: OnApply): Machine {
        const heard = (what: string) => {
            (this.asked[name] ??= []).push(what);
            this.onAsked();
            return this.held;
        };
        const machine = this.machines.get(name) ?? new Machine(name, heard, onApply);
        this.machines.set(name, machine);
        return machine;
    }
}

type Words = Readonly<Record<string, string>>;

/** One machine, by what was applied to it. */
class Machine {
    /** By kind: the words of the last apply. */
    private readonly steps = new Map<string, Words>();
    /** On a control plane, by node: the words with which its membership was applied last. */
    private readonly members = new Map<string, Words>();
    /** By kind: a sentence on what somebody changed. */
    readonly differences = new Map<string, string>();

    constructor(
        private readonly name: string,
        /** Tells what is asked; what it gives back is waited for before the answer. */
        private readonly heard: (what: string) => Promise<void>,
        private readonly onApply: OnApply,
    ) {}

    serve(session: Session): void {
        session.on("sftp", (accept) => {
            void this.heard("copy");
            swallow(accept());
        });
        session.on("exec", (accept, _reject, { command }) => {
            const channel = accept();
            const chunks: Buffer[] = [];
            channel.on("data", (chunk: Buffer) => chunks.push(chunk));
            channel.on("end", async () => {
                await sleep(nodeTime);
                const { code, stdout } = await this.answer(command, Buffer.concat(chunks).toString());
                channel.write(stdout);
                channel.exit(code);
                channel.end();
            });
        });
    }

    /** `test ! -e …/step || sh …/step WORD… KEY=VALUE…`: what stands after the last path is what is asked. */
    private async answer(command: string, manifest: string): Promise<Answer> {
        // A script on standard input: whether the machine can be a node.
        if (command.endsWith(" sh -s")) {
            await this.heard("preflight");
            return { code: 0, stdout: JSON.stringify(fit(this.name)) };
        }
        if (command.includes(" get crd,pv,pvc ")) {
            await this.heard("holdings");
            return done;
        }
        if (command.startsWith("true && test -f ")) {
            await this.heard("is it there");
            return done;
        }
        const all = command.slice(command.lastIndexOf("/step ") + "/step ".length).split(" ");
        const values = Object.fromEntries(all.filter((word) => word.includes("=")).map((word) => word.split(/=(.*)/s)));
        const [kind, verb, node] = all.filter((word) => !word.includes("="));
        await this.heard([kind, verb, node].filter(Boolean).join(" "));
        switch (kind) {
            case "probe":
                return { code: 0, stdout: `${JSON.stringify(this.report())}\n` };
            case "join":
                return { code: 0, stdout: "abcdef.0123456789abcdef\n" };
            case "ready":
            case "keep-state":
                return done;
            case "member":
                return remember(this.members, verb, node, values);
            default:
                this.onApply({ machine: this.name, kind, manifest });
                this.differences.delete(kind);
                return remember(this.steps, verb, kind, values);
        }
    }

    /** As `step probe` prints it. */
    private report(): Partial<NodeReport> {
        const base = this.steps.get("base");
        if (!base) return {};
        const fixed = base.fixed?.split(",").map((pair) => pair.split(/:(.*)/s)) ?? [];
        return {
            known: true,
            owner: base.owner,
            node: base.node,
            since: base.since === undefined ? undefined : Number(base.since),
            fixed: Object.fromEntries(fixed),
            joined: this.steps.has("activate"),
            architecture: "amd64",
            kinds: reportsOn(this.steps, this.differences),
            members: reportsOn(this.members),
        };
    }
}

/** What a machine says that nothing stands against. */
function fit(name: string): Fitness {
    const now = Date.now() / 1000;
    return {
        findings: [],
        hostname: name,
        machineId: name,
        macs: [],
        addresses: [],
        system: "Debian GNU/Linux 12 (bookworm)",
        kernel: "6.1.0",
        architecture: "amd64",
        cpus: 4,
        memory: 8 * 2 ** 30,
        disk: 100 * 2 ** 30,
        writeMilliseconds: 1,
        cgroup: 2,
        missingModules: [],
        swap: false,
        conflicts: [],
        otherPackages: [],
        firewalls: [],
        nameservers: ["192.168.0.1"],
        folder: true,
        listening: [],
        reach: {},
        began: now,
        ended: now,
    };
}

function remember(applied: Map<string, Words>, verb: string, name: string, words: Words): Answer {
    if (verb === "apply") applied.set(name, words);
    else if (verb === "remove") applied.delete(name);
    else return { code: 2, stdout: "" };
    return done;
}

/** A report on each: the generation that it was given, and one more where it differs. */
function reportsOn(applied: Map<string, Words>, differences = new Map<string, string>()): Record<string, KindReport> {
    const reports = [...applied].map(([name, { generation }]) => {
        const entries = [differences.get(name) ?? []].flat();
        const report = { generation: Number(generation) + entries.length, differences: entries.length, entries };
        return [name, report] as const;
    });
    return Object.fromEntries(reports);
}

/** SFTP that takes everything and keeps nothing. */
function swallow(sftp: SFTPWrapper): void {
    const { STATUS_CODE } = utils.sftp;
    const fine = (id: number) => sftp.status(id, STATUS_CODE.OK);
    const missing = (id: number) => sftp.status(id, STATUS_CODE.NO_SUCH_FILE);
    sftp.on("STAT", missing).on("LSTAT", missing);
    sftp.on("OPEN", (id) => sftp.handle(id, Buffer.from("file")));
    sftp.on("MKDIR", fine).on("WRITE", fine).on("FSETSTAT", fine).on("SETSTAT", fine).on("CLOSE", fine);
}
