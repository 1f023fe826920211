import { spawn } from "node:child_process";
import { which } from "./run";

/** Opens a file or URL in the user's browser where there is a screen; otherwise does nothing. */
export function openInBrowser(what: string, env: NodeJS.ProcessEnv = process.env): void {
    const screen = process.platform === "darwin" || env.DISPLAY || env.WAYLAND_DISPLAY;
    const opener = which(process.platform === "darwin" ? "open" : "xdg-open");
    if (!screen || !opener) return;
    const child = spawn(opener, [what], { stdio: "ignore", detached: true });
    // The address was printed: who sees no window opens it himself.
    child.on("error", () => undefined);
    child.unref();
}
