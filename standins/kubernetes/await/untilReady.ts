import type { Context } from "../../provider";
import { addressOf, type Cluster } from "../cluster";
import type { KubeObject } from "../objects";
import { Progress } from "../progress";
import { follow, type Selection } from "../watch";
import { NotReadyError, problemsOf, titleOf, type Awaiter, type Verdict } from "./awaiter";
import { awaiterOf, timeoutOf } from "./kinds";

/** How often the live display is told what is wrong with the pods. Milliseconds. */
const problemsEvery = 10_000;

/** Waits until a created or updated object is ready, and returns it as it is then. Throws NotReadyError. */
export async function untilReady(args: {
    cluster: Cluster;
    object: KubeObject;
    inputs: KubeObject;
    context: Context;
}): Promise<KubeObject> {
    const awaiter = awaiterOf(args.object, args.inputs);
    if (!awaiter) return args.object;
    const wait = new Wait(awaiter, args);
    try {
        return await wait.run(timeoutOf(args.context, args.inputs, awaiter.timeout));
    } finally {
        wait.end();
    }
}

/** One wait. */
class Wait {
    private readonly ending = new AbortController();
    private readonly timers: NodeJS.Timeout[] = [];
    private object: KubeObject;
    private related: (KubeObject[] | undefined)[];
    private verdict: Verdict = { ready: false, waiting: "the API server" };
    private settling: NodeJS.Timeout | undefined;
    private readonly progress: Progress;

    constructor(
        private readonly awaiter: Awaiter,
        private readonly args: { cluster: Cluster; object: KubeObject; context: Context },
    ) {
        this.object = args.object;
        this.progress = new Progress(args.context);
        this.related = (awaiter.related?.(this.object) ?? []).map(() => undefined);
    }

    run(timeout: number): Promise<KubeObject> {
        const { cluster, context } = this.args;
        return new Promise((resolve, reject) => {
            const judge = () => this.judge(resolve, reject);
            const fail = (why: string) => void this.fail(why).then(reject, reject);
            const watch = (selection: Selection, changed: (objects: KubeObject[]) => void) =>
                void follow(cluster, selection, (objects) => (changed(objects), judge()), this.ending.signal).catch(
                    reject,
                );
            this.timers.push(setTimeout(() => fail(`wasn't ready after ${timeout} s`), timeout * 1000));
            this.timers.push(setInterval(() => void this.tellProblems(), problemsEvery));
            const cancel = () => fail("wasn't ready when the operation was cancelled");
            if (context.signal.aborted) return cancel();
            context.signal.addEventListener("abort", cancel, { once: true, signal: this.ending.signal });
            watch(addressOf(this.object), (objects) => this.see(objects));
            this.awaiter
                .related?.(this.object)
                .forEach((selection, index) => watch(selection, (objects) => (this.related[index] = objects)));
        });
    }

    end(): void {
        this.ending.abort();
        clearTimeout(this.settling);
        this.timers.forEach(clearTimeout);
        this.progress.end();
    }

    /** Takes the object's newest version; one that lags behind our own write doesn't count. */
    private see([object]: KubeObject[]): void {
        const written = this.args.object.metadata;
        const current = object?.metadata.uid === written.uid;
        if (current && (object.metadata.generation ?? 0) >= (written.generation ?? 0)) this.object = object;
    }

    private judge(resolve: (object: KubeObject) => void, reject: (error: unknown) => void): void {
        clearTimeout(this.settling);
        const related = this.related.filter((objects) => objects !== undefined);
        if (related.length < this.related.length || this.ending.signal.aborted) return;
        const verdict = this.awaiter.judge({ object: this.object, related });
        if (verdict.failed) return void this.fail(`failed: ${verdict.failed}`).then(reject, reject);
        if (verdict.ready && !verdict.settle) return resolve(this.object);
        if (verdict.ready) this.settling = setTimeout(() => resolve(this.object), verdict.settle);
        else this.progress.say(`Waiting for ${verdict.waiting}`);
        this.verdict = verdict;
    }

    private async fail(why: string): Promise<NotReadyError> {
        const { cluster } = this.args;
        const waiting = this.verdict.waiting ? ` It waits for ${this.verdict.waiting}.` : "";
        const reason = `${titleOf(this.object)} ${why.replace(/\.$/, "")}.${why.startsWith("failed") ? "" : waiting}`;
        return new NotReadyError(this.object, [reason, ...(await problemsOf(this.awaiter, cluster, this.object))]);
    }

    private async tellProblems(): Promise<void> {
        const [problem] = await problemsOf(this.awaiter, this.args.cluster, this.object);
        if (problem && !this.ending.signal.aborted) this.progress.say(problem);
    }
}
