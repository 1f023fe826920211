import assert from "node:assert/strict";
import * as fs from "node:fs";

import { defaultVersions } from "../../mirror/catalogue";
import { suitePrograms } from "../../setup/commands/conformance";
import { hostArchitecture } from "../../setup/plan";
import type { TestStack } from "./harness";

/** Building the tests would take minutes of a run that is long enough: who wants it sets the variable. */
const isWanted =
    process.env.SLIPWAY_TEST_CONFORMANCE !== undefined ||
    (["upstream", "build"] as const).some((source) =>
        fs.existsSync(suitePrograms(defaultVersions.kubernetes, source, hostArchitecture()).tests),
    );

/** What the cluster's configuration has to say, so that its nodes have the images that these cases run. */
export const conformanceConfig = isWanted ? { conformance: "short" } : {};

/**
 * Kubernetes' own tests judge the cluster, by their short run. Wants a cluster of two nodes or more that nobody else
 * uses meanwhile, and leaves it as it was.
 */
export function conformance(stack: TestStack): void {
    it("Kubernetes' own conformance tests pass, in their short run (X12)", async function () {
        if (!isWanted) {
            console.log(
                `        skipped: Kubernetes' tests ${defaultVersions.kubernetes} aren't in the cache. \`npm run conformance\` puts them ` +
                    "there, or this run with SLIPWAY_TEST_CONFORMANCE=1.",
            );
            return this.skip();
        }
        this.timeout(30 * 60_000);
        const { status, stdout, output } = await stack.slipway(["conformance", "--short"]);
        assert.equal(status, 0, output);
        const [, passed, wanted] =
            /: (\d+) of (\d+) conformance tests passed, 0 failed, 0 left out, 0 not run\./.exec(stdout) ?? [];
        assert.equal(passed, wanted, output);
        assert.ok(Number(wanted) > 20, output);
        const left = await stack.kubectl("get", "namespaces", "-l", "e2e-framework", "-o", "name");
        assert.equal(left.trim(), "", "every test has taken its namespace away");
    });
}
