#!/usr/bin/env node
// Starts bin/slipway.ts. It runs before any npm package is there, so it uses none: it looks at Node, installs what
// package-lock.json names, and hands over.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const oldest = 20;

function refuse(sentence) {
    process.stderr.write(`${sentence}\n`);
    process.exit(1);
}

/** Whether node_modules is what package-lock.json says: npm leaves there a list of what it installed. */
function packagesFit() {
    const installed = join(root, "node_modules", ".package-lock.json");
    if (!existsSync(installed)) return false;
    const packages = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
    const found = packages(installed);
    return Object.entries(packages(join(root, "package-lock.json"))).every(([path, { integrity, optional }]) => {
        // Optional ones are for other kinds of machines.
        if (path === "" || (optional && !found[path])) return true;
        return found[path]?.integrity === integrity;
    });
}

/** Runs `npm ci` and returns how long it took, in milliseconds. */
async function installPackages() {
    const start = Date.now();
    const live = process.stderr.isTTY;
    const show = () => {
        const seconds = Math.round((Date.now() - start) / 1000);
        if (live) process.stderr.write(`\r\x1b[K… npm packages ${seconds} s`);
        else if (seconds % 10 === 0) process.stderr.write(`… npm packages (${seconds} s)\n`);
    };
    show();
    const timer = setInterval(show, 1000);
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"];
    const status = await new Promise((resolve) => {
        const child = spawn("npm", args, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
        child.on("error", (error) => resolve(error.message));
        child.on("close", (code, signal) => resolve(code ?? signal));
    });
    clearInterval(timer);
    if (live) process.stderr.write("\r\x1b[K");
    if (status !== 0) {
        refuse(`\`npm ${args.join(" ")}\` in ${root} ended with ${status}: see its lines above, then try again.`);
    }
    const took = Date.now() - start;
    process.stderr.write(`✔ npm packages (${(took / 1000).toFixed(1)} s)\n`);
    return took;
}

if (Number(process.versions.node.split(".")[0]) < oldest) {
    refuse(
        `Slipway needs Node.js ${oldest} or newer, and this is ${process.versions.node} (${process.execPath}): ` +
            "install a newer one (https://nodejs.org/) and try again.",
    );
}
const took = packagesFit() ? undefined : await installPackages();
const require = createRequire(import.meta.url);
require("./preload.cjs");
const words = process.argv.slice(2);
process.exitCode =
    words[0] === "test"
        ? await require("../test/run.ts").main(words.slice(1))
        : await require("./slipway.ts").main(words, took);
