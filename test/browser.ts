import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Readable, Writable } from "node:stream";

import { which } from "../setup/run";
import { eventually } from "./e2e/harness";

/**
 * Chromium's executable; installed from the distribution where it is missing and that is possible. A string that
 * begins with "no " says why there is none.
 */
export function obtainChromium(): { readonly file: string } | { readonly missing: string } {
    const found = () => which("chromium") ?? which("chromium-browser") ?? which("google-chrome");
    const there = found();
    if (there) return { file: there };
    if (!which("apt-get") || process.getuid?.() !== 0) {
        return { missing: "there is no chromium, and installing it takes apt-get and root" };
    }
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const install = () =>
        spawnSync("apt-get", ["install", "-y", "--no-install-recommends", "chromium"], { env, timeout: 240_000 });
    if (install().status !== 0) {
        spawnSync("apt-get", ["update"], { env, timeout: 120_000 });
        const { status, stderr } = install();
        if (status !== 0)
            return { missing: `apt-get install chromium failed: ${String(stderr).trim().split("\n").pop()}` };
    }
    const file = found();
    return file ? { file } : { missing: "Debian's package chromium brought no executable" };
}

/** Without a sandbox, as root and in containers; and without asking hosts of Google's. */
const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
];

interface Message {
    readonly id?: number;
    readonly method?: string;
    readonly params?: Record<string, unknown>;
    readonly result?: Record<string, unknown>;
    readonly error?: { readonly message: string };
}

/** A headless Chromium with one window, driven over its debugging pipe: https://chromedevtools.github.io/devtools-protocol/ */
export class Browser {
    /** What the page complained of: console errors, uncaught exceptions, requests that were blocked or failed. */
    readonly complaints: string[] = [];
    /** The text of every answer that the page got from a server, by its URL. */
    readonly answers: { readonly url: string; readonly status: number; readonly body: string }[] = [];
    private readonly process: ChildProcess;
    private readonly profile = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-chromium-"));
    private readonly pending = new Map<number, (message: Message) => void>();
    private count = 0;
    private session = "";

    private constructor(file: string) {
        const args = [...flags, `--user-data-dir=${this.profile}`, "about:blank"];
        // A group of its own: its helpers are to end with it.
        this.process = spawn(file, args, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], detached: true });
        let rest = "";
        (this.process.stdio[4] as Readable).setEncoding("utf8").on("data", (text: string) => {
            const messages = (rest + text).split("\0");
            rest = messages.pop() ?? "";
            messages.forEach((message) => this.hear(JSON.parse(message) as Message));
        });
        (this.process.stdio[3] as Writable).on("error", () => undefined);
    }

    static async start(file: string, size = { width: 1280, height: 900 }): Promise<Browser> {
        const browser = new Browser(file);
        const { targetInfos } = (await browser.send("Target.getTargets")) as { targetInfos: Target[] };
        const page = targetInfos.find(({ type }) => type === "page");
        const attached = await browser.send("Target.attachToTarget", { targetId: page?.targetId, flatten: true });
        browser.session = String(attached.sessionId);
        for (const domain of ["Page", "Runtime", "Log", "Network", "Accessibility"]) {
            await browser.send(`${domain}.enable`);
        }
        await browser.resize(size);
        return browser;
    }

    async resize({ width, height }: { width: number; height: number }): Promise<void> {
        const mobile = width < 600;
        await this.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile });
    }

    async colours(scheme: "light" | "dark"): Promise<void> {
        await this.send("Emulation.setEmulatedMedia", {
            features: [
                { name: "prefers-color-scheme", value: scheme },
                { name: "prefers-reduced-motion", value: "reduce" },
            ],
        });
    }

    async open(url: string): Promise<void> {
        await this.send("Page.navigate", { url: "about:blank" });
        await this.send("Page.navigate", { url });
    }

    /** The value of an expression in the page; of a promise, what it becomes. */
    async evaluate<T>(expression: string): Promise<T> {
        const options = { expression, awaitPromise: true, returnByValue: true };
        const { result, exceptionDetails } = (await this.send("Runtime.evaluate", options)) as {
            result: { value: T };
            exceptionDetails?: { text: string; exception?: { description?: string } };
        };
        if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
        return result.value;
    }

    /** What assistive technology is told: role and name of everything that has a role of its own. */
    async accessible(): Promise<{ role: string; name: string }[]> {
        const { nodes } = (await this.send("Accessibility.getFullAXTree")) as { nodes: AccessibleNode[] };
        return nodes
            .filter(({ ignored }) => !ignored)
            .map(({ role, name }) => ({ role: role?.value ?? "", name: name?.value ?? "" }));
    }

    /** A PNG picture of what the window shows. */
    async picture(): Promise<Buffer> {
        const { data } = await this.send("Page.captureScreenshot", { format: "png", optimizeForSpeed: false });
        return Buffer.from(String(data), "base64");
    }

    async close(): Promise<void> {
        const group = -this.process.pid!;
        const closed = new Promise((resolve) => this.process.once("close", resolve));
        process.kill(group, "SIGKILL");
        await closed;
        // Helpers that still write would put files back while the folder is removed.
        await eventually("the browser's helpers have ended", 10, async () => !isAlive(group));
        fs.rmSync(this.profile, { recursive: true, force: true });
    }

    private send(method: string, params: object = {}): Promise<Record<string, unknown>> {
        const id = ++this.count;
        const session = this.session && !method.startsWith("Target.") ? { sessionId: this.session } : {};
        return new Promise((resolve, reject) => {
            this.pending.set(id, ({ result, error }) =>
                error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result ?? {}),
            );
            (this.process.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
        });
    }

    private hear({ id, method, params = {}, ...answer }: Message): void {
        if (id !== undefined) {
            this.pending.get(id)?.(answer);
            this.pending.delete(id);
        }
        if (method === "Runtime.exceptionThrown") this.complaints.push(JSON.stringify(params.exceptionDetails));
        if (method === "Runtime.consoleAPICalled" && ["error", "warning"].includes(String(params.type))) {
            this.complaints.push(JSON.stringify(params.args));
        }
        if (method === "Log.entryAdded") this.complaints.push(JSON.stringify(params.entry));
        if (method === "Network.responseReceived") this.seen.set(String(params.requestId), params.response as Response);
        if (method === "Network.loadingFinished") void this.keep(String(params.requestId));
    }

    private readonly seen = new Map<string, Response>();

    private async keep(requestId: string): Promise<void> {
        const response = this.seen.get(requestId);
        if (!response) return;
        const { body } = await this.send("Network.getResponseBody", { requestId }).catch(() => ({ body: "" }));
        this.answers.push({ url: response.url, status: response.status, body: String(body) });
    }
}

/** Whether there is any process of this group; one that ended and that nobody has asked for yet is one, too. */
function isAlive(group: number): boolean {
    try {
        return process.kill(group, 0);
    } catch (error) {
        return (error as NodeJS.ErrnoException).code === "EPERM";
    }
}

interface Target {
    readonly targetId: string;
    readonly type: string;
}
interface Response {
    readonly url: string;
    readonly status: number;
}
interface AccessibleNode {
    readonly ignored: boolean;
    readonly role?: { readonly value: string };
    readonly name?: { readonly value: string };
}
