import assert from "node:assert/strict";
import { engineRuns, lastingKeys, pkiTargets, type FleetQuestion } from "../../setup/fleet";
import { boards } from "../support";

describe("setup: how a fleet is built", () => {
    const skipping = { PULUMI_SKIP_CHECKPOINTS: "true", PULUMI_EXPERIMENTAL: "1" };
    const question = (count: number, more: Partial<FleetQuestion> = {}, lab?: unknown): FleetQuestion => {
        const { cluster } = boards({}, [["control-plane", "worker"]]);
        const nodes = Array.from({ length: count }, () => ({}));
        return {
            stack: "big",
            project: "slipway",
            settings: { cluster, lab, nodes } as unknown as FleetQuestion["settings"],
            resources: async () => [],
            rest: [],
            ...more,
        };
    };
    const inState = (names: readonly string[]) => ({
        resources: async () => names.map((name) => ({ urn: `urn:pulumi:big::slipway::some$type::${name}` })),
    });
    const phases = async (asked: FleetQuestion) => (await engineRuns(asked)).map(({ phase, env }) => ({ phase, env }));
    const cluster = { phase: "Cluster", env: {} };

    it("writes checkpoints up to 30 nodes, and always for a lab", async () => {
        const resources = async () => assert.fail("the state was asked although nothing depends on it");
        assert.deepEqual(await phases(question(30, { resources })), [cluster]);
        assert.deepEqual(await phases(question(0, { resources }, { workers: 100 })), [cluster]);
        assert.deepEqual(await phases(question(40, { resources }, { workers: 100 })), [cluster]);
    });

    it("saves the keys of more nodes first, with checkpoints, unless the state has them", async () => {
        const both = [
            { phase: "Certificates", env: {} },
            { phase: "Cluster", env: skipping },
        ];
        assert.deepEqual(await phases(question(31)), both);
        const keys = lastingKeys(question(31).settings.cluster);
        assert.deepEqual(await phases(question(31, inState(keys))), [both[1]]);
        assert.deepEqual(await phases(question(31, inState(keys.slice(1)))), both);
        const older = keys.map((name) => name.replace("g1", "g0"));
        assert.deepEqual(await phases(question(31, inState(older))), both);
    });

    it("keeps checkpoints where the user names resources, and hands options on to the whole run only", async () => {
        const rest = ["--replace", "urn:pulumi:big::slipway::x::y"];
        assert.deepEqual(await phases(question(31, { rest })), [cluster]);
        const [first, second] = await engineRuns(question(31, { rest: ["--diff"] }));
        assert.ok(!first.words.includes("--diff"));
        assert.deepEqual(second.words, ["--diff"]);
    });

    it("means the keys of the generations in use alone", () => {
        const { cluster: second } = boards({ certificates: { generation: 2, trusted: [3] } });
        const asked = question(31, {
            settings: { cluster: second, nodes: [] } as unknown as FleetQuestion["settings"],
        });
        const cluster = "urn:pulumi:big::slipway::slipway:index:Cluster";
        const { name } = asked.settings.cluster;
        assert.deepEqual(pkiTargets(asked), [
            `${cluster}::${name}`,
            `${cluster}$slipway:pki:Pki::${name}-pki`,
            ...[2, 3].flatMap((generation) => [
                `${cluster}$slipway:pki:Pki$**::${name}-pki-**-g${generation}`,
                `${cluster}$slipway:pki:Pki$**::${name}-pki-**-g${generation}-*`,
            ]),
            `${cluster}$slipway:pki:Pki$**::${name}-pki-service-account-g1`,
            `${cluster}$slipway:pki:Pki$**::${name}-pki-encryption-g1`,
        ]);
        const keys = lastingKeys(second);
        assert.ok(keys.includes("hex-pki-etcd-ca-g2-key") && keys.includes("hex-pki-etcd-ca-g3-key"));
        assert.ok(keys.includes("hex-pki-service-account-g1") && keys.includes("hex-pki-encryption-g1"));
        assert.ok(!keys.some((key) => /-ca-g1/.test(key)));
    });
});
