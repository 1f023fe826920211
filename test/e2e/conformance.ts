import assert from "node:assert/strict";

import { defaultVersions } from "../../mirror/catalogue";
import { conformanceIsWanted, eventually, type TestStack } from "./harness";

/**
 * Kubernetes' own tests judge the cluster, by their short run. Wants a cluster of two nodes or more that nobody else
 * uses meanwhile, and leaves it as it was.
 */
export function conformance(stack: TestStack): void {
    it("Kubernetes' own conformance tests pass, in their short run (X12)", async function () {
        if (!conformanceIsWanted) {
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
        // Namespaces end by themselves, a while after their tests.
        await eventually("every test has taken its namespace away", 120, async () => {
            const left = await stack.kubectl("get", "namespaces", "-l", "e2e-framework", "-o", "name");
            return left.trim() === "";
        });
    });
}
