import { execFile, spawnSync } from "node:child_process";
import * as path from "node:path";
import { promisify } from "node:util";

const folder = path.join(__dirname, "..", "..", "components", "workloads", "images");

describe("the micro-services", function () {
    // A cold cache compiles much of Go's standard library first.
    this.timeout(300_000);

    before(function () {
        if (spawnSync("go", ["version"]).status !== 0) {
            console.log("      skipped: there is no Go here, which builds and tests them");
            this.skip();
        }
    });

    for (const args of [
        ["vet", "./..."],
        ["test", "./..."],
    ]) {
        it(`pass go ${args[0]}`, async () => {
            const env = { ...process.env, GOFLAGS: "-mod=readonly", GOWORK: "off", CGO_ENABLED: "0" };
            await promisify(execFile)("go", args, { cwd: folder, env }).catch(
                (error: Error & { stdout: string; stderr: string }) => {
                    throw new Error(`go ${args.join(" ")} failed:\n${error.stdout}${error.stderr}`);
                },
            );
        });
    }
});
