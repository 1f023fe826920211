import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { pointsToNothing, repairState } from "../../setup/stateRepair";

describe("a state that a killed run left", () => {
    let folder: string;
    let file: string;
    const write = (name: string, text: string) => fs.writeFileSync(path.join(folder, name), text);
    beforeEach(() => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-state-"));
        file = path.join(folder, "dev.json");
    });
    afterEach(() => fs.rmSync(folder, { recursive: true }));

    it("is left as it is when it is whole", () => {
        write("dev.json", "{}");
        write("dev.json.attrs", '{"user.content_type":"text/plain"}');
        assert.equal(repairState(file), undefined);
        assert.deepEqual(fs.readdirSync(folder).sort(), ["dev.json", "dev.json.attrs"]);
    });

    it("loses an empty note and unfinished copies, which keep Pulumi from reading it", () => {
        write("dev.json", "{}");
        write("dev.json.attrs", "");
        write("dev.json.18ea.tmp", "{");
        write("other.json.attrs", "");
        assert.equal(repairState(file), undefined);
        assert.deepEqual(fs.readdirSync(folder).sort(), ["dev.json", "other.json.attrs"]);
    });

    it("comes back from the copy before it when it is cut off or gone", () => {
        for (const cutOff of ["", '{"version":3,"checkp', undefined]) {
            write("dev.json.bak", '{"version":3}');
            if (cutOff === undefined) fs.rmSync(file);
            else write("dev.json", cutOff);
            assert.match(repairState(file) ?? "", /going on from the one before it/);
            assert.equal(fs.readFileSync(file, "utf8"), '{"version":3}');
        }
    });

    it("is an error with the ways out when no copy can be read", () => {
        write("dev.json", "");
        write("dev.json.bak", "");
        assert.throws(() => repairState(file), /docs\/backup\.md/);
    });

    it("isn't there for a stack that was never made", () => {
        assert.equal(repairState(path.join(folder, "none", "dev.json")), undefined);
        assert.equal(repairState(file), undefined);
    });

    it("points to nothing where the engine deleted what a skipped resource had waited for", () => {
        const one = { urn: "urn:one", type: "command:remote:Command" };
        const two = { ...one, urn: "urn:two" };
        assert.equal(pointsToNothing([one, { ...two, dependencies: ["urn:one"] }]), false);
        assert.equal(pointsToNothing([two, { ...one, propertyDependencies: { stdin: null, create: [] } }]), false);
        assert.equal(pointsToNothing([{ ...two, dependencies: ["urn:one"] }]), true);
        assert.equal(pointsToNothing([{ ...two, propertyDependencies: { stdin: ["urn:one"] } }]), true);
        assert.equal(pointsToNothing([{ ...two, deletedWith: "urn:one" }]), true);
    });
});
