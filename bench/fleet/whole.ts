/**
 * Slipway itself on simulated machines (test/fleet): the program and the command as a user runs them, the machines and
 * their API in this process, on the same cores. A machine answers after 5 ms, or after some more where it is far away.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { Fleet, nodeNames } from "../../test/fleet/fleet";
import { fittedExponent, growth, type Curve } from "../curve";
import { mega, median, table } from "../figures";
import { root, run as runCommand } from "../stack";
import { bareFleet } from "./bare";
import { wireTo } from "./latency";
import { watchMemory, type Peaks } from "./memory";
import type { ProbeRequest } from "./probe";

interface Measured {
    /** Seconds, from the command's start to its end. */
    readonly time: number;
    /** Seconds of processor time of all its processes; the machines' isn't among them. */
    readonly cpu: number;
    /** Resources created, updated, replaced or deleted. */
    readonly touched: number;
    /** What the machines were asked beyond one probe each. */
    readonly asked: number;
    /** SSH logins, and the most connections that were open at once. */
    readonly logins: number;
    readonly atOnce: number;
    readonly peaks: Peaks;
}

const phases = ["first `up`", "no-op preview", "no-op `up`", "one flag changed on every node", "one worker added"];
phases.push("one worker removed");

/** Runs a command of Slipway's on the fleet. A failure is an error with its last lines. */
function measure(fleet: Fleet, command: "up" | "preview"): Promise<Measured> {
    const { name, configFile, env } = fleet.stack;
    fleet.machines.takeAsked();
    fleet.machines.takeLogins();
    const memory = watchMemory([process.pid]);
    const started = process.hrtime.bigint();
    const words = [process.execPath, "bin/slipway.mjs", command, "--stack", name, "--config-file", configFile];
    // The shell says last how long its children's processors were busy.
    const child = spawn("sh", ["-c", '"$@"; status=$?; times; exit $status', "sh", ...words], {
        cwd: root,
        env,
        stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (data) => (output += data));
    child.stderr.on("data", (data) => (output += data));
    return new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => {
            const peaks = memory.stop();
            const time = Number(process.hrtime.bigint() - started) / 1e9;
            if (code !== 0) return reject(new Error(`slipway ${command} failed:\n${output.slice(-4000)}`));
            const asked = Object.values(fleet.machines.takeAsked()).flat();
            const { of, atOnce } = fleet.machines.takeLogins();
            const cpu = [
                ...output
                    .trim()
                    .split("\n")
                    .at(-1)!
                    .matchAll(/(\d+)m([\d.]+)s/g),
            ];
            resolve({
                time,
                peaks,
                cpu: cpu.reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0),
                touched: [...output.matchAll(/^ +[-+~]+ ?(\d+) /gm)].reduce((sum, [, count]) => sum + Number(count), 0),
                asked: asked.filter((what) => what !== "probe").length,
                logins: Object.values(of).reduce((sum, count) => sum + count, 0),
                atOnce,
            });
        });
    });
}

interface Size {
    readonly nodes: number;
    readonly runs: readonly Measured[];
    /** Seconds. */
    readonly probe: number;
    /** Bytes. */
    readonly state: number;
}

async function build(count: number, latency: number): Promise<Size> {
    const fleet = await Fleet.start(`fleet-bench-${count}`);
    const { hostKey, privateKey, port: ownPort } = fleet.machines;
    const wire = latency > 0 ? await wireTo(ownPort, latency) : undefined;
    const port = wire?.port ?? ownPort;
    const far = { ssh: { host: "127.0.0.1", port, hostKey, privateKey } };
    const nodes = nodeNames(count).map((name) => ({ name }));
    const flag = { ...far, kubelet: { maxPods: 50 } };
    const steps: [command: "up" | "preview", ...configuration: Parameters<Fleet["configure"]>][] = [
        ["up", nodes, far],
        ["preview", nodes, far],
        ["up", nodes, far],
        ["up", nodes, flag],
        ["up", [...nodes, { name: `node-${count + 1}` }], flag],
        ["up", nodes, flag],
    ];
    try {
        const runs: Measured[] = [];
        for (const [command, ...configuration] of steps) {
            fleet.configure(...configuration);
            const run = await measure(fleet, command);
            // Beside the tables, for who can't wait for them.
            console.error(`${count} nodes, ${phases[runs.length]}: ${said(run)}, load ${os.loadavg()[0].toFixed(0)}`);
            runs.push(run);
        }
        const state = Buffer.byteLength(fleet.stack.state());
        return { nodes: count, runs, state, probe: await probeTime(fleet, port, count) };
    } finally {
        await wire?.close();
        await fleet.close();
    }
}

const said = ({ time, cpu }: Measured) => `${time.toFixed(1)} s (${cpu.toFixed(1)} s)`;

/** The probe alone, in a process of its own; the median of five. */
async function probeTime({ machines }: Fleet, port: number, count: number): Promise<number> {
    const { hostKey, privateKey } = machines;
    const request: ProbeRequest = { names: nodeNames(count), port, hostKey, privateKey };
    const words = ["--require", "tsx/cjs", "bench/fleet/probe.ts"];
    const env = { ...process.env, PROBE: JSON.stringify(request) };
    return median(JSON.parse(await runCommand(process.execPath, words, { cwd: root, env })) as number[]);
}

/** How the time grows with the number of nodes: the slope between two sizes, both logarithmic. */
function exponent(small: Size, large: Size, phase: number): string {
    const ratio = large.runs[phase].time / small.runs[phase].time;
    return (Math.log(ratio) / Math.log(large.nodes / small.nodes)).toFixed(2);
}

/** What is drawn beside each other: the whole program's phases, and the bare program's. */
const drawn = ["first `up`", "no-op preview", "no-op `up`"];

/** The exponents count from here on: below, what every run costs hides how it grows. */
const growthFrom = 50;

/**
 * @param sizes numbers of nodes, rising
 * @param latency of the way to each machine, there and back, in milliseconds
 */
export async function fleet(sizes: readonly number[], latency = 0): Promise<string> {
    const built: Size[] = [];
    for (const size of sizes) built.push(await build(size, latency));
    const bare = await bareFleet(sizes, latency);
    const curves: Curve[] = drawn.flatMap((phase) => [
        {
            name: `Slipway, ${phase.replaceAll("`", "")}`,
            points: built.map(({ nodes, runs }) => ({ size: nodes, value: runs[phases.indexOf(phase)].time })),
        },
        { name: `bare program, ${phase.replaceAll("`", "")}`, points: bare[phase] ?? [] },
    ]);
    const picture = path.join("bench", "pictures", `fleet${latency > 0 ? `-${latency}ms` : ""}.svg`);
    fs.mkdirSync(path.join(root, path.dirname(picture)), { recursive: true });
    fs.writeFileSync(
        path.join(root, picture),
        growth(curves, `Growth with the number of machines, ${latency} ms away`),
    );
    const pairs = built.slice(1).map((large, index) => [built[index], large] as const);
    const heads = built.map(({ nodes }) => `${nodes} nodes`);
    const slopes = pairs.map(([small, large]) => `exponent ${small.nodes} → ${large.nodes}`);
    const row = (phase: number, cell: (run: Measured) => string) => [
        phases[phase],
        ...built.map(({ runs }) => cell(runs[phase])),
    ];
    const peak = (kind: keyof Peaks) =>
        built.map(({ runs }) => mega(Math.max(...runs.map(({ peaks }) => peaks[kind]))));
    return [
        table([
            ["time (processor time)", ...heads, ...slopes],
            ...phases.map((_, phase) => [
                ...row(phase, said),
                ...pairs.map(([small, large]) => exponent(small, large, phase)),
            ]),
            ["the probe alone", ...built.map(({ probe }) => `${probe.toFixed(2)} s`), ...pairs.map(() => "")],
        ]),
        table([
            ["resources touched / commands to machines", ...heads],
            ...phases.map((_, phase) => row(phase, ({ touched, asked }) => `${touched} / ${asked}`)),
        ]),
        table([
            ["logins / most connections at once", ...heads],
            ...phases.map((_, phase) => row(phase, ({ logins, atOnce }) => `${logins} / ${atOnce}`)),
        ]),
        table([
            ["", ...heads],
            ["state", ...built.map(({ state }) => mega(state))],
            ...(["engine", "program", "plugins", "command"] as const).map((kind) => [`peak: ${kind}`, ...peak(kind)]),
        ]),
        table([
            [`fitted exponent from ${growthFrom} nodes on`, "of the time", ...heads],
            ...curves.map(({ name, points }) => [
                name,
                points.filter(({ size }) => size >= growthFrom).length < 2
                    ? "too few sizes"
                    : fittedExponent(points, growthFrom).toFixed(2),
                ...points.map(({ value }) => `${value.toFixed(1)} s`),
            ]),
        ]),
        `Drawn in ${picture}. Each machine is ${latency} ms away, there and back.`,
    ].join("\n\n");
}
