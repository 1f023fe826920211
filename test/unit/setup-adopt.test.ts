import assert from "node:assert/strict";
import { chooseCopy } from "../../setup/commands/adopt";
import { describeOwned } from "../../setup/owners";
import { hasResources, type Stack } from "../../setup/stack";
import { digestOf, isSealed, packCopy, sealed, unfit, unpackCopy, type StateCopy } from "../../setup/stateCopy";

const secret = (ciphertext: string) => ({ "4dabf18193072939515e22adb298388d": "1b47…", ciphertext });

function copy(changes: Partial<StateCopy> = {}, resource: object = {}): StateCopy {
    const resources = [
        { urn: "u", type: "tls:index/privateKey:PrivateKey", outputs: { key: secret("v1:aa") }, ...resource },
    ];
    const manifest = { time: "2026-11-21T14:00:00Z" };
    const deployment = { manifest, secrets_providers: { type: "passphrase" }, resources };
    return { version: 3, deployment, stack: "hex", project: "slipway", time: "2026-11-21T14:00:00Z", ...changes };
}

describe("setup: a copy of the state", () => {
    it("comes out as it went in", () => {
        assert.deepEqual(unpackCopy(packCopy(copy({ source: "build" }))), copy({ source: "build" }));
        assert.throws(() => unpackCopy(packCopy({} as StateCopy)), /no copy of a state/);
        assert.throws(() => unpackCopy("bm9uc2Vuc2U="));
    });

    it("is another one when a resource changes, and not when the same secret is encrypted anew", () => {
        const digest = digestOf(copy());
        assert.equal(digestOf(copy({}, { outputs: { key: secret("v1:bb") } })), digest);
        assert.equal(
            digestOf({ ...copy(), deployment: { ...copy().deployment, manifest: { time: "later" } } as object }),
            digest,
        );
        assert.notEqual(digestOf(copy({}, { outputs: { key: secret("v1:bb") }, modified: "later" })), digest);
        assert.notEqual(digestOf(copy({}, { urn: "v" })), digest);
    });

    it("is the same whatever the order in which its resources were done", () => {
        const [first, second] = [{ urn: "urn:1" }, { urn: "urn:2", dependencies: ["urn:1", "urn:3"] }];
        const state = (...resources: object[]) => ({ version: 3, deployment: { resources } }) as unknown as StateCopy;
        const digest = digestOf(state(first, second));
        assert.equal(digestOf(state({ ...second, dependencies: ["urn:3", "urn:1"] }, first)), digest);
        assert.notEqual(digestOf(state({ ...second, dependencies: ["urn:3"] }, first)), digest);
    });

    it("leaves this machine only when its secrets are encrypted, with something", () => {
        assert.equal(unfit(copy(), {}), undefined);
        assert.equal(unfit(copy(), { PULUMI_CONFIG_PASSPHRASE: "x" }), undefined);
        assert.match(unfit(copy(), { PULUMI_CONFIG_PASSPHRASE: "" }) ?? "", /passphrase is empty/);
        for (const type of [undefined, "b64"]) {
            const deployment = { ...copy().deployment, secrets_providers: { type } };
            assert.match(unfit({ version: 3, deployment }, {}) ?? "", /not encrypted/);
        }
        const clear = copy({}, { outputs: { key: "-----BEGIN EC PRIVATE KEY-----\n" } });
        assert.match(unfit(clear, {}) ?? "", /not encrypted/);
    });
});

describe("setup: adopting", () => {
    const stack = { name: "hex", project: "slipway", ownBackend: true } as Stack;
    const hex = { stack, cluster: "hex", fits: ({ seal }: StateCopy) => seal !== "wrong" };
    const found = (node: string, time: string, owner = "hex:abc", changes: Partial<StateCopy> = {}) => ({
        node,
        owner,
        copy: copy({ time, ...changes }),
    });

    it("takes the newest copy of those that answer", () => {
        const all = [found("n1", "2026-11-20"), { node: "n2", problem: "no answer" }, found("n3", "2026-11-21")];
        assert.equal(chooseCopy(all, hex).node, "n3");
        assert.equal(chooseCopy(all.slice(0, 2), hex).node, "n1");
    });

    it("takes no copy that isn't sealed with the passphrase, however new it is", () => {
        const all = [found("n1", "2026-11-20"), found("n2", "2026-11-21", "hex:abc", { seal: "wrong" })];
        assert.equal(chooseCopy(all, hex).node, "n1");
        assert.throws(() => chooseCopy(all.slice(1), hex), /not the one its copy is sealed with.*restore/);
        const whole = sealed(copy(), "secret");
        assert.ok(isSealed(unpackCopy(packCopy(whole)), "secret"));
        assert.ok(!isSealed(whole, "other"));
        assert.ok(!isSealed({ ...whole, time: "2026-11-22T00:00:00Z" }, "secret"));
        assert.ok(!isSealed(copy(), "secret"));
        assert.deepEqual(sealed(copy(), undefined), copy());
    });

    it("says of each control plane why it has nothing to adopt", () => {
        const all = [
            { node: "n1", problem: "n1 can't be reached over SSH" },
            found("n2", "2026-11-21", "other:abc"),
            found("n3", "2026-11-21", "hex:abc", { stack: "old" }),
            found("n4", "2026-11-21", "hex:abc", { project: "mine" }),
        ];
        assert.throws(
            () => chooseCopy(all, hex),
            (error: Error) => {
                assert.match(error.message, /no copy of the state of stack hex to adopt. Nothing was changed/);
                assert.match(error.message, /n1: n1 can't be reached/);
                assert.match(error.message, /n2: it belongs to the cluster other, not to hex/);
                assert.match(error.message, /n3: its copy is of the stack old: adopt it under that name/);
                assert.match(error.message, /n4: its copy is of the stack hex of the project mine/);
                assert.match(error.message, /docs\/backup\.md[^]*base remove/);
                return true;
            },
        );
    });

    it("counts what exists outside of the state, so that a stack that was only named can be adopted", () => {
        assert.ok(!hasResources([{ type: "pulumi:pulumi:Stack" }, { type: "pulumi:providers:tls" }]));
        assert.ok(!hasResources([{ type: "slipway:index:Cluster" }]));
        assert.ok(hasResources([{ type: "pulumi:pulumi:Stack" }, { type: "tls:index/privateKey:PrivateKey" }]));
    });

    it("is named by the first `up` on nodes of a lost state, and not on nodes of another cluster", () => {
        const args = { stack: "hex" };
        assert.equal(describeOwned(args, "hex", { n1: {}, n2: {} }), undefined);
        const lost = describeOwned(args, "hex", { n1: { owner: "hex:abc" }, n2: { owner: "hex:abc" }, n3: {} });
        assert.match(lost ?? "", /^n1, n2 belong to the cluster hex \(CA abc\)[^]*npm run adopt[^]*base remove$/);
        const other = describeOwned(args, "hex", { n1: { owner: "cube:abc" } }) ?? "";
        assert.match(other, /^n1 belongs to the cluster cube[^]*out of the configuration[^]*base remove$/);
        assert.doesNotMatch(other, /adopt/);
    });
});
