// Mocha's spec reporter, which also leaves its counts in the file that SLIPWAY_TEST_COUNTS names.
const fs = require("node:fs");
const { reporters } = require("mocha");

module.exports = class extends reporters.Spec {
    constructor(runner, options) {
        super(runner, options);
        runner.once("end", () => {
            const { passes, failures, pending } = runner.stats;
            const file = process.env.SLIPWAY_TEST_COUNTS;
            if (file) fs.writeFileSync(file, JSON.stringify({ passed: passes, failed: failures, skipped: pending }));
        });
    }
};
