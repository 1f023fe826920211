// Mocha's spec reporter, which also leaves its counts, and what failed and why, in the file that SLIPWAY_TEST_COUNTS names.
const fs = require("node:fs");
const { reporters } = require("mocha");

module.exports = class extends reporters.Spec {
    constructor(runner, options) {
        super(runner, options);
        runner.once("end", () => {
            const { passes, failures, pending } = runner.stats;
            const file = process.env.SLIPWAY_TEST_COUNTS;
            const failed = this.failures.map((test) => `${test.fullTitle()}\n${test.err?.stack ?? test.err}`);
            const counts = { passed: passes, failed: failures, skipped: pending, failures: failed };
            if (file) fs.writeFileSync(file, JSON.stringify(counts));
        });
    }
};
