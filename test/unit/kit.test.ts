import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";

import { kitFolder } from "../../components/remote/kit";

describe("the kit's files", () => {
    const texts = fs.readdirSync(kitFolder).map((name) => fs.readFileSync(path.join(kitFolder, name), "utf8"));

    it("have a name of its own for each function: all of them are read into one shell", () => {
        const names = texts.flatMap((text) => [...text.matchAll(/^(\w+)\(\)/gm)].map(([, name]) => name));
        assert.ok(names.length > 100);
        assert.deepEqual(
            names.filter((name, index) => names.indexOf(name) !== index),
            [],
        );
    });
});
