import { spawn, type ChildProcess } from "node:child_process";
import { headlampViewer } from "../../components/access/names";
import { accessOf, operatorKubeconfig, tokenFor } from "../apiAccess";
import type { Arguments } from "../arguments";
import { openInBrowser } from "../browser";
import { Failure } from "../failure";
import { untilInterrupted } from "../interrupt";
import { obtainKubectl } from "../kubectl";
import { writeKubeconfig } from "../outputs";
import type { Prepared } from "../prepare";
import { checkSettings } from "../settings";
import type { Stack } from "../stack";
import { commandFor } from "../texts";

/**
 * `slipway dashboard --headlamp`: leads a port of 127.0.0.1 to the add-on Headlamp until Ctrl-C, and says a token to log
 * in with, which may look at everything but Secrets for an hour.
 */
export async function headlamp(args: Arguments, stack: Stack, prepared: Prepared, port: number): Promise<number> {
    const settings = checkSettings(stack);
    if (!("headlamp" in settings.addons)) {
        throw new Failure(
            `The add-on headlamp is off: add "headlamp: {}" to slipway:addons in ${stack.configFile}, and run ` +
                `${commandFor("up", args)}. Without --headlamp there is a page that works everywhere.`,
        );
    }
    const kubeconfig = await operatorKubeconfig(stack.name, async () => prepared);
    const { token } = await tokenFor(accessOf(kubeconfig), headlampViewer, commandFor("up", args));
    const words = ["--kubeconfig", writeKubeconfig(stack.name, kubeconfig), "--namespace", "headlamp"];
    const forward = spawn(
        obtainKubectl(args, settings.cluster.versions),
        [...words, "port-forward", "--address", "127.0.0.1", "service/headlamp", `${port || ""}:80`],
        { stdio: ["ignore", "pipe", "inherit"] },
    );
    try {
        const url = `http://127.0.0.1:${await forwardedPort(forward)}/`;
        process.stdout.write(`${url}\n`);
        process.stderr.write(`Log in with this token, which ends in an hour:\n${token}\nCtrl-C ends it.\n`);
        if (!args.switches.includes("--no-open")) openInBrowser(url);
        await Promise.race([untilInterrupted(), new Promise((resolve) => forward.once("close", resolve))]);
        return forward.exitCode ?? 0;
    } finally {
        forward.kill();
    }
}

/** @throws Failure when kubectl ends before it forwards anything; it has said why. */
function forwardedPort(forward: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
        let said = "";
        forward.stdout?.on("data", (chunk) => {
            said += chunk;
            const [, port] = /Forwarding from 127\.0\.0\.1:(\d+)/.exec(said) ?? [];
            if (port !== undefined) resolve(port);
        });
        forward.on("error", reject);
        forward.on("close", () => reject(new Failure("Headlamp can't be reached: kubectl's lines above say why.")));
    });
}
