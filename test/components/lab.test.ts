import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";

import { Lab, type LabArgs } from "../../lab";
import { parseLab } from "../../lab/config";
import type { EngineFacts, LabKeys } from "../../lab/facts";
import { labNodes } from "../../lab/nodes";

interface Made {
    readonly type: string;
    readonly name: string;
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    readonly inputs: any;
}

const engine: EngineFacts = {
    id: "ABCD",
    version: "20.10.24",
    privileged: false,
    cgroupVersion: "1",
    kernelModules: false,
    reachable: true,
};
const pair = (name: string) => ({ private: `${name} private`, public: `ssh-ed25519 ${name}` });
const keys: LabKeys = { user: pair("user"), host: pair("host") };

function labArgs(raw: object): LabArgs {
    const config = parseLab({ name: "dev", ...raw });
    return {
        config,
        facts: { engine, images: { node: "lab:node", conflicting: "lab:conflicting" } },
        keys,
        nodes: labNodes(config, { engine, keys, mirrorPath: "build-1/" }),
        mirrorRoot: "/cache/mirror",
        clusterPort: 6443,
    };
}

const settledUrn = (resource: pulumi.Resource) => new Promise<string>((resolve) => resource.urn.apply(resolve));

/** Makes a lab against mocks, in a preview: nothing of it may be unknown there. */
async function makeLab(raw: object): Promise<Made[]> {
    const made: Made[] = [];
    const newResource = ({ type, name, inputs }: pulumi.runtime.MockResourceArgs) => {
        made.push({ type, name, inputs });
        return { id: undefined, state: inputs };
    };
    pulumi.runtime.setMocks({ newResource, call: () => ({}) }, "slipway", "test", true);
    const lab = new Lab("dev", labArgs(raw));
    await Promise.all([lab.network, ...lab.containers].map(settledUrn));
    return made;
}

/** In the order of their names: mocks get them in any. */
const containers = (made: Made[]) =>
    made
        .filter(({ type }) => type === "docker:index/container:Container")
        .sort((left, right) => left.name.localeCompare(right.name));

describe("Lab", () => {
    it("makes a network and a container for each node, at fixed addresses and ports, known in a preview", async () => {
        const made = await makeLab({ subnet: "10.9.0.0/24" });
        const [network] = made.filter(({ type }) => type === "docker:index/network:Network");
        assert.equal(network.inputs.name, "slipway-dev");
        assert.deepEqual(network.inputs.ipamConfigs, [{ subnet: "10.9.0.0/24" }]);
        const loopback = (internal: number, external: number) => ({ ip: "127.0.0.1", internal, external });
        assert.deepEqual(
            containers(made).map(({ name, inputs }) => [name, inputs.networksAdvanced, inputs.ports]),
            [
                [
                    "dev-1",
                    [{ name: "slipway-dev", ipv4Address: "10.9.0.11" }],
                    [loopback(22, 2231), loopback(6443, 6443)],
                ],
                ["dev-2", [{ name: "slipway-dev", ipv4Address: "10.9.0.12" }], [loopback(22, 2232)]],
                ["dev-3", [{ name: "slipway-dev", ipv4Address: "10.9.0.13" }], [loopback(22, 2233)]],
            ],
        );
    });

    it("marks everything with the lab's name, so that it can be found and removed", async () => {
        const made = (await makeLab({ overHttp: ["dev-2"] })).filter(({ type }) => type.startsWith("docker:"));
        assert.equal(made.length, 5);
        for (const { inputs } of made) assert.deepEqual(inputs.labels, [{ label: "slipway.lab", value: "dev" }]);
    });

    it("starts an HTTP server only where a node takes its artifacts from it", async () => {
        const names = async (raw: object) => containers(await makeLab(raw)).map(({ inputs }) => inputs.name);
        assert.deepEqual(await names({ workers: 0 }), ["dev-1"]);
        assert.deepEqual(await names({ workers: 0, overHttp: ["dev-1"] }), ["dev-1", "dev-mirror"]);
    });

    it("keeps the uploaded keys secret, and the images apart", async () => {
        const [first, second] = containers(await makeLab({ conflicting: ["dev-2"] }));
        assert.deepEqual([first.inputs.image, second.inputs.image], ["lab:node", "lab:conflicting"]);
        // A secret within makes the whole of a list one, as mocks see it.
        assert.equal(first.inputs.uploads[pulumi.runtime.specialSigKey], pulumi.runtime.specialSecretSig);
    });

    it("says what to do when an image is missing", () => {
        assert.throws(
            () => new Lab("dev", labArgs({ bare: ["dev-1"] })),
            /no image for bare nodes yet: run `npm run up`/,
        );
    });
});
