import assert from "node:assert/strict";

import { differences } from "../inventory";

describe("what a machine has, before and after", () => {
    it("names each thing that came, went or changed", () => {
        const before = new Set([
            "path: /etc/hosts f 644 root:root ",
            "package: ii  jq 1.6",
            "rule: iptables-save *nat :X -",
        ]);
        const after = new Set([
            "path: /etc/hosts f 600 root:root ",
            "package: ii  jq 1.6",
            "mount: /var/lib/kubelet tmpfs",
        ]);
        assert.deepEqual(differences(before, after), [
            "left: mount: /var/lib/kubelet tmpfs",
            "left: path: /etc/hosts f 600 root:root ",
            "missing: path: /etc/hosts f 644 root:root ",
            "missing: rule: iptables-save *nat :X -",
        ]);
    });

    it("is silent where nothing differs", () => {
        assert.deepEqual(differences(new Set(["package: ii  jq 1.6"]), new Set(["package: ii  jq 1.6"])), []);
    });
});
