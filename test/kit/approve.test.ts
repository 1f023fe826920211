import * as assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";

import { kitFolder } from "../../components/remote";

describe("kit: which serving certificates are approved", () => {
    const user = "system:node:hex-n2";
    const groups = "system:nodes,system:authenticated,";
    const usages = "digital signature,server auth,";

    /** What the API's record says of two members. */
    const record = "address_of() { case $1 in hex-n1) echo 10.0.0.1 ;; hex-n2) echo 10.0.0.2 ;; esac; }";

    function request(subject: string, names: string): string {
        const san = names ? ["-addext", `subjectAltName=${names}`] : [];
        const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null"];
        return execFileSync("openssl", ["req", "-new", ...key, "-subj", subject, ...san], {
            stdio: ["ignore", "pipe", "ignore"],
        }).toString("base64");
    }

    /** What the approver objects to; empty when it approves. */
    function objection(words: [string, string, string, string]): string {
        const script = `. ${kitFolder}/approve.sh; ${record}; objection "$@"`;
        const { status, stdout, stderr } = spawnSync("sh", ["-eu", "-c", script, "sh", ...words], { encoding: "utf8" });
        assert.equal(status === 0, stdout === "", stderr);
        return stdout.trim();
    }

    const subject = "/O=system:nodes/CN=system:node:hex-n2";

    it("approves what a member asks for itself", () => {
        const csr = request(subject, "DNS:hex-n2,IP:10.0.0.2");
        assert.equal(objection([user, groups, usages, csr]), "");
        assert.equal(objection([user, groups, `key encipherment,${usages}`, request(subject, "IP:10.0.0.2")]), "");
    });

    it("leaves everything else to a person, and says why", () => {
        const good = request(subject, "DNS:hex-n2,IP:10.0.0.2");
        const cases: [string, string, string, string, RegExp][] = [
            ["system:serviceaccount:a:b", groups, usages, good, /no node/],
            [user, "system:authenticated,", usages, good, /not in system:nodes/],
            [user, groups, "client auth,", good, /usage client_auth/],
            ["system:node:stranger", groups, usages, good, /no member is called stranger/],
            ["system:node:hex-n1", groups, usages, good, /subject/],
            [user, groups, usages, request("/CN=system:node:hex-n2", "IP:10.0.0.2"), /subject/],
            [user, groups, usages, request(`${subject}/OU=x`, "IP:10.0.0.2"), /subject/],
            [user, groups, usages, request(subject, ""), /names nothing/],
            [user, groups, usages, request(subject, "IP:10.0.0.2,IP:10.0.0.1"), /IP Address:10\.0\.0\.1/],
            [user, groups, usages, request(subject, "DNS:hex-n2,DNS:api.hex.k8s.local"), /DNS:api\.hex\.k8s\.local/],
            [user, groups, usages, request(subject, "IP:10.0.0.2,URI:https://x"), /URI:https:\/\/x/],
            [user, groups, usages, "bm90aGluZw==", /can't be read/],
        ];
        for (const [who, member, wish, csr, why] of cases) {
            assert.match(objection([who, member, wish, csr]), why);
        }
    });
});
