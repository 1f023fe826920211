import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { parseArguments } from "../../setup/arguments";
import { keepsData } from "../../setup/commands/down";
import { removal } from "../../setup/volumes";

const urn = (name: string) => `urn:pulumi:hex::slipway::slipway:index:Cluster$command:remote:Command::${name}`;
const step = (name: string) => ({ urn: urn(name), type: "command:remote:Command" });
const built = [step("hex-n1-base"), step("hex-n1-control-plane")];
const down = (...words: string[]) => parseArguments(["down", "--stack", "hex", ...words]);

describe("setup: down on machines that stay", () => {
    it("wants an explicit word where etcd's data would go", () => {
        assert.match(
            keepsData(down(), built, []) ?? "",
            /etcd's data.*Nothing was touched.*`npm run down -- --stack hex --delete-data`/,
        );
        assert.equal(keepsData(down("--delete-data"), built, []), undefined);
    });

    it("wants none where there is no data, and none for a lab", () => {
        assert.equal(keepsData(down(), [step("hex-n1-base")], []), undefined);
        const container = { kind: "container", name: "hex-n1", labels: { "slipway.lab": "hex" } } as const;
        assert.equal(keepsData(down(), built, [container]), undefined);
    });

    it("deletes volumes of local-path and nothing else", () => {
        const temporary = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-test-"));
        const folder = path.join(temporary, "it's");
        fs.mkdirSync(path.join(folder, "pvc-1_default_data"), { recursive: true });
        fs.writeFileSync(path.join(folder, "mine"), "");
        const remove = () => execFileSync("sh", ["-c", removal(folder)]);
        remove();
        assert.deepEqual(fs.readdirSync(folder), ["mine"]);
        fs.rmSync(path.join(folder, "mine"));
        remove();
        assert.ok(!fs.existsSync(folder));
        remove();
        fs.rmSync(temporary, { recursive: true });
    });
});
