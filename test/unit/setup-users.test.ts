import assert from "node:assert/strict";

import { readUser } from "../../setup/kubeconfigUser";

describe("setup: a kubeconfig for somebody else", () => {
    it("is asked for by name, with groups and a time", () => {
        assert.equal(readUser({}), undefined);
        assert.deepEqual(readUser({ "--user": "anna" }), { name: "anna", groups: [], seconds: 8 * 3600 });
        const all = { "--user": "anna@example.org", "--group": "ops,viewers", "--ttl": "90m" };
        assert.deepEqual(readUser(all), { name: "anna@example.org", groups: ["ops", "viewers"], seconds: 5400 });
    });

    it("is refused with every reason at once", () => {
        assert.throws(
            () => readUser({ "--user": "system:admin", "--group": "a b,system:masters", "--ttl": "soon" }),
            /"a b" is no name[^]*system:admin: names[^]*system:masters: names[^]*--ttl can't be "soon"/,
        );
        assert.throws(() => readUser({ "--user": "anna", "--ttl": "9m" }), /--ttl 9m is too short/);
        assert.throws(() => readUser({ "--group": "ops" }), /say whose with --user/);
    });
});
