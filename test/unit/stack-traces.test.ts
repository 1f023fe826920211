import assert from "node:assert/strict";
import { inspect } from "node:util";

import { tameStackTraces } from "../../setup/stackTraces";

describe("stack traces of the program", () => {
    const prepare = Error.prepareStackTrace;
    afterEach(() => {
        Error.prepareStackTrace = prepare;
    });

    it("name packages with a scope so that Node.js can print them in colours", () => {
        Error.prepareStackTrace = (error) =>
            `${String(error)}\n    at f (/a/node_modules/@pulumi/c.js:1:1)\n    at g (/a/node_modules/tsx/x.cjs:3:3)`;
        tameStackTraces();
        const error = new Error("no");
        assert.match(error.stack!, /\/a\/node_modules\/\.\/@pulumi\/c\.js:1:1/);
        assert.match(inspect(error, { colors: true }), /Error: no/);
    });
});
