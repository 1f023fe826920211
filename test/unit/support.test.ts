import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";

import { answers, command, questions } from "../../operations/support/questions";
import { redactSettings, redactText } from "../../operations/support/redact";

describe("support bundle", () => {
    it("leaves secrets out of text, wherever they stand in it", () => {
        const { privateKey } = generateKeyPairSync("ed25519");
        const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
        const secrets = {
            pem,
            "a key that a log cut off": pem.slice(0, 60),
            "a bootstrap token": "abcdef.0123456789abcdef",
            "a service account's token": "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrdWJlIn0.c2lnbmF0dXJl",
            "a header": "Bearer c2VjcmV0LXRva2Vu",
            "a kubeconfig's key": "client-key-data: LS0tLS1CRUdJTg==",
        };
        for (const [what, secret] of Object.entries(secrets)) {
            const clean = redactText(`before ${secret} after`);
            const telling = secret.replace(/^(Bearer|client-key-data:) /, "");
            assert.ok(!clean.includes(telling), what);
            assert.match(clean, /^before .*\[hidden\]/s, what);
        }
        assert.equal(redactText("https://bb:hunter2@mirror.example.org/x"), "https://bb:[hidden]@mirror.example.org/x");
        const plain =
            "kubelet v1.36.3 on hex-n1.local at 10.244.0.1:10250, image nginx:1.26.3@sha256:0f1e2d3c4b5a69788796";
        assert.equal(redactText(plain), plain);
    });

    it("leaves values of settings out that are secret by their names, and keeps the others", () => {
        const settings = {
            cluster: { name: "hex", ssh: { user: "bb", privateKey: { secure: "AAABAA" }, port: 22 } },
            workloads: { redis: { password: "hunter2", storage: "1Gi" } },
        };
        assert.deepEqual(redactSettings(settings), {
            cluster: { name: "hex", ssh: { user: "bb", privateKey: { secure: "[hidden]" }, port: 22 } },
            workloads: { redis: { password: "[hidden]", storage: "1Gi" } },
        });
    });

    it("tells the answers of one command apart", () => {
        const output = "=== 01 machine.txt\nDebian\n=== 02 not a mark\n=== 01 probe.json\n{}\n";
        assert.deepEqual(answers(output, "=== 01"), {
            "machine.txt": "Debian\n=== 02 not a mark\n",
            "probe.json": "{}\n",
        });
    });

    it("asks by a script that a shell understands", () => {
        execFileSync("sh", ["-n"], { input: command("=== 01") });
        for (const words of Object.values(questions)) execFileSync("sh", ["-n"], { input: words });
    });
});
