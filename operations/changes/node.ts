import { paths } from "../../components/inventory/paths";
import { runtimes } from "../../components/render/runtime";
import { credentialsOn, type CredentialChange, type NodeCredential } from "./certificates";
import { compareManifests, type Change } from "./compare";
import { driftChange } from "./drift";
import type { Op, Resource } from "./events";
import { parseManifest, type Manifest } from "./manifest";
import { compareMembers } from "./member";
import { credentialSubject } from "./objects";
import type { NodeChange } from "./report";
import { changedPaths, unitsToRestart } from "./restarts";
import { commandOf, nodeSteps, type NodeStep } from "./steps";
import { differences } from "./values";

/** A step of a node, with what happens to it. */
export interface StepResource {
    readonly node: string;
    readonly step: NodeStep;
    readonly resource: Resource;
}

/** What happens to one node; undefined: nothing. @param steps all that Pulumi told of, also those that stay */
export function nodeChange(
    steps: readonly StepResource[],
    credentials: readonly CredentialChange[],
): NodeChange | undefined {
    const ordered = [...steps].sort((a, b) => nodeSteps.indexOf(a.step) - nodeSteps.indexOf(b.step));
    const op = nodeOp(ordered);
    const controlPlane = ordered.some(({ step }) => step === "control-plane");
    const changes: Change[] = [];
    const restarts = new Set<string>();
    // What the steps so far have changed when the next one begins.
    const changed = new Set<string>();
    for (const { node, step, resource } of ordered) {
        const renewed =
            step === "credentials" && resource.op === "update"
                ? credentialsOn(credentials, { node, controlPlane })
                : [];
        const told = changesOf(step, resource, op, renewed);
        changes.push(...told, ...resource.drift.map((sentence) => driftChange(step, sentence)));
        if (resource.op === "update") {
            const [before, after] = manifestsOf(resource);
            if (before && after) {
                const question = { before, after, changedBefore: changed, drift: resource.drift };
                unitsToRestart(question).forEach((unit) => restarts.add(unit));
                changedPaths(before, after).forEach((path) => changed.add(path));
            }
            if (told.some(({ what }) => what === kit)) changed.add(`${paths.slipway}/kit/current`);
            if (changesKeyForSecrets(resource)) changed.add(paths.encryptionConfig);
            renewed.forEach(({ files }) => files.forEach((file) => changed.add(file)));
        }
    }
    return changes.length > 0 ? { op, changes, restarts: [...restarts].sort() } : undefined;
}

/** The base step stands for the machine. */
function nodeOp(steps: readonly StepResource[]): NodeChange["op"] {
    const base = steps.find(({ step }) => step === "base")?.resource.op;
    return base === undefined || base === "same" ? "update" : base;
}

/** Whether control planes get another key for secrets at rest. */
function changesKeyForSecrets({ before, after }: Resource): boolean {
    const [old, now] = [commandOf(before), commandOf(after)];
    return old?.words.get(encryption) !== now?.words.get(encryption);
}

const encryption = "encryption";
const kit = "node kit";
const everything = "everything";

function changesOf(step: NodeStep, resource: Resource, nodeOp: Op, renewed: readonly NodeCredential[]): Change[] {
    const { op, before, after, retained } = resource;
    // A token that is there for minutes, and the way to a machine: of a node that comes or goes they needn't be told.
    const aside = step === "contact" || step === "join";
    switch (op) {
        case "same":
            return [];
        case "create":
            if (step === "member") return compareMembers(step, "", after.stdin);
            if (step === "join") return nodeOp === "create" ? [] : [{ step, what: "bootstrap token", how: "added" }];
            return aside ? [] : [{ step, what: everything, how: "added", ...summaryOf(parseManifest(after.stdin)) }];
        case "delete":
            if (retained) return [{ step, what: everything, how: "removed", detail: "nothing is done on the machine" }];
            return aside ? [] : [{ step, what: everything, how: "removed", ...summaryOf(parseManifest(before.stdin)) }];
        case "replace": {
            if (step === "join") return [{ step, what: "bootstrap token", how: "changed" }];
            const machine = differences(before.triggers, after.triggers, "machine").map((text) =>
                text.replace(/^machine\[\d+\]/, "machine"),
            );
            if (step === "contact") return updateOf(step, resource, renewed);
            return [{ step, what: everything, how: "changed", detail: machine.join("\n") || "made anew" }];
        }
        case "update":
            return updateOf(step, resource, renewed);
    }
}

function updateOf(step: NodeStep, resource: Resource, renewed: readonly NodeCredential[]): Change[] {
    const changes: Change[] = [];
    const { before, after, paths: differing, drift } = resource;
    const tell = (what: string, detail?: string) =>
        changes.push({ step, what, how: "changed", ...(detail && { detail }) });
    const [old, now] = [commandOf(before), commandOf(after)];
    if (step === "contact") {
        if (JSON.stringify(before.remotePath) !== JSON.stringify(after.remotePath)) tell(kit);
        if (JSON.stringify(before.triggers) !== JSON.stringify(after.triggers)) tell("machine, account or host key");
    }
    if (old && now && old.kit !== now.kit) tell(kit);
    if (differing.some((path) => path.startsWith("connection"))) tell("connection");
    changes.push(...contentOf(step, resource, renewed));
    const keys = old && now ? [...new Set([...old.words.keys(), ...now.words.keys()])] : [];
    for (const key of keys) {
        const [from, to] = [old!.words.get(key), now!.words.get(key)];
        if (from === to) continue;
        if (key === "digest") tellDigest(step, changes);
        // Both steps of a control plane have it; the file that it stands for is one of the credentials.
        else if (key === encryption) {
            if (step === "credentials") tell("key for secrets", `generation ${from ?? "none"} → ${to ?? "none"}`);
        } else if (key === "peers") tell("the other control planes", `${from ?? "none"} → ${to ?? "none"}`);
        else if (key !== "generation") tell(`argument ${key}`, `${from ?? "none"} → ${to ?? "none"}`);
        else if (drift.length === 0) changes.push({ step, what: "what differs on the node", how: "drifted" });
    }
    // Only the update knows the digest of certificates that it makes; the owner's name has one in it.
    if (old && !now) {
        if (step === "base") tell("argument owner");
        else tellDigest(step, changes);
    }
    return changes;
}

/** The credentials step itself says what is in the digest. */
function tellDigest(step: NodeStep, changes: Change[]): void {
    const what = step === "credentials" ? "credentials" : "digest of the credentials";
    if (step !== "credentials" || changes.length === 0) changes.push({ step, what, how: "changed" });
}

/** What the step's standard input says; that of `credentials` is secret, and stands for files that are known. */
function contentOf(step: NodeStep, resource: Resource, renewed: readonly NodeCredential[]): Change[] {
    if (step === "member") return compareMembers(step, resource.before.stdin, resource.after.stdin);
    if (step === "credentials") {
        const told = renewed.map(({ name, op, files }) => credentialTold(step, name, op, files));
        return told.length > 0 || !resource.paths.includes("stdin") ? told : [{ step, what: step, how: "changed" }];
    }
    const [before, after] = manifestsOf(resource);
    return before && after ? [...runtimeChange(step, before, after), ...compareManifests(step, before, after)] : [];
}

function credentialTold(step: NodeStep, name: string, op: Op, files: readonly string[]): Change {
    const how = op === "create" ? "added" : op === "delete" ? "removed" : "changed";
    return { step, what: credentialSubject({ name }), how, detail: files.join(", ") };
}

function manifestsOf({ before, after }: Resource): [Manifest | undefined, Manifest | undefined] {
    return [parseManifest(before.stdin), parseManifest(after.stdin)];
}

/** Pods move when a node gets another runtime (components/remote/kit/switch.sh), which is more than a few units. */
function runtimeChange(step: NodeStep, before: Manifest, after: Manifest): Change[] {
    const [old, now] = [before, after].map(runtimeIn);
    if (step !== "activate" || old === undefined || now === undefined || old === now) return [];
    const detail = `${old} → ${now}: its pods are evicted, and it takes pods again once it is Ready`;
    return [{ step, what: "container runtime", how: "changed", detail }];
}

/** By the unit that the kubelet asks, the last of a runtime's. */
function runtimeIn(manifest: Manifest): string | undefined {
    return Object.entries(runtimes).find(([, { units }]) => manifest.has(`unit ${units.at(-1)}`))?.[0];
}

/** "4 files, 2 units: docker.service, kubelet.service". */
function summaryOf(manifest: Manifest | undefined): { detail?: string } {
    const counts = new Map<string, number>();
    const entries = [...(manifest?.values() ?? [])].filter(({ kind }) => kind !== "conflict" && kind !== "prove");
    for (const { kind } of entries) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const units = entries.filter(({ kind }) => kind === "unit").map(({ name }) => name);
    const parts = [...counts].map(([kind, count]) => (kind === "swap" ? "swap" : `${count} ${plural(kind, count)}`));
    if (parts.length === 0) return {};
    return { detail: `${parts.join(", ")}${units.length > 0 ? `: ${units.join(", ")}` : ""}` };
}

function plural(kind: string, count: number): string {
    if (count === 1) return kind;
    return kind === "directory" ? "directories" : `${kind}s`;
}
