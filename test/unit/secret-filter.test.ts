import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";

import { redactText, SecretFilter } from "../../operations/support/redact";
import { found, needlesIn, needlesOf } from "../e2e/secrets";

const pem = () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    return privateKey.export({ type: "sec1", format: "pem" }).toString();
};

describe("secrets in what is printed", () => {
    const key = pem();
    const token = "abcdef.0123456789abcdef";
    const manifest = `file 0600 root:root /k\n${key.trim().replace(/^/gm, "| ")}\n|       token: ${token}\n`;
    const kubeconfig = `      client-key-data: ${Buffer.from(key).toString("base64")}\n`;
    const loud = `I1 rpc.go] stdin={${manifest}}\nI1 one line ${JSON.stringify(key)}\n${kubeconfig}I1 done\n`;

    it("are found in every form", () => {
        const needles = needlesIn("key", key);
        for (const text of [manifest, JSON.stringify(key), kubeconfig, Buffer.from(`x${key}`).toString("base64")]) {
            assert.deepEqual(found(needles, text), ["key"], text);
        }
        assert.deepEqual(found(needles, pem()), [], "another key");
        assert.deepEqual(found(needlesIn("token", `token: ${token}`), `--token ${token}`), ["token"]);
    });

    it("are picked out of an exported state", () => {
        const mark = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
        const stdin = { ...mark, plaintext: JSON.stringify(manifest) };
        const resources = [{ urn: "urn:pulumi:x::y::z::n1-credentials", inputs: { stdin, create: "sh step" } }];
        const needles = needlesOf({ deployment: { resources } });
        assert.deepEqual(found(needles, key), ["n1-credentials"]);
        assert.deepEqual(found(needles, token), ["n1-credentials"]);
    });

    it("are hidden from what Pulumi logs, wherever its chunks end", () => {
        const needles = [...needlesIn("key", key), ...needlesIn("token", token)];
        for (const size of [1, 7, 64, 100_000]) {
            const filter = new SecretFilter();
            let shown = "";
            for (let at = 0; at < loud.length; at += size) shown += filter.add(loud.slice(at, at + size));
            shown += filter.end();
            assert.deepEqual(found(needles, shown), []);
            assert.match(shown, /rpc\.go[^]*\/k[^]*I1 one line[^]*I1 done\n$/);
        }
    });

    it("are hidden as keys of a store and as passwords, in files and in settings, however often they are quoted", () => {
        const login = { accessKey: "AKIAEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPx%$&" };
        const file = `access-key=${login.accessKey}\nsecret-key=${login.secretKey}\n`;
        const settings = JSON.stringify({ s3: login, registries: [{ password: login.secretKey }] });
        const texts = [file, settings].flatMap((text) => [
            text,
            JSON.stringify(text),
            JSON.stringify({ text: JSON.stringify(text) }),
        ]);
        for (const text of texts) {
            const shown = redactText(text);
            for (const secret of Object.values(login)) assert.ok(!shown.includes(secret), shown);
        }
    });

    it("are hidden as base64 and as keys for secrets at rest", () => {
        assert.equal(redactText(`key ${Buffer.from(`ab${key}`).toString("base64")} end`), "key [hidden] end");
        assert.equal(redactText(`  secret: ${"A".repeat(43)}=`), "  [hidden]");
    });
});
