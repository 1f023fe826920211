import assert from "node:assert/strict";

import { base, render, stage } from "../../components/render";
import { artifacts, images } from "../../mirror/catalogue";
import { billOfMaterials, type Inventoried } from "../../operations/sbom";
import { boards, exampleDigests } from "../support";

describe("the bill of materials", () => {
    const example = boards();
    const { cluster, nodes } = example;
    const digests = exampleDigests(example);
    const kubelet = artifacts(cluster.versions).kubelet;
    const digestOf = (architecture: "amd64" | "arm64") => digests.files[kubelet.path(architecture)].sha256;
    const machine = (index: number, change: Partial<Inventoried> = {}): Inventoried => ({
        node: nodes[index].name,
        architecture: "amd64",
        system: { id: "debian", version: "12" },
        packages: [{ name: "docker.io", version: "20.10.24+dfsg1-1+b3" }],
        manifests: [base(nodes[index], cluster, digests, nodes), stage(nodes[index], cluster, digests)].map((step) =>
            render(...step),
        ),
        ...change,
    });
    const time = new Date("2026-11-21T12:00:00Z");
    const bill = (...machines: Inventoried[]) => billOfMaterials("hex", "1.36.3", machines, time);
    const named = (of: ReturnType<typeof bill>, name: string) => of.components.filter((each) => each.name === name);

    it("has what CycloneDX demands, and each thing once", () => {
        const { bomFormat, specVersion, version, serialNumber, metadata, components } = bill(machine(0), machine(1));
        assert.deepEqual([bomFormat, specVersion, version], ["CycloneDX", "1.5", 1]);
        assert.match(serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        assert.equal(metadata.timestamp, "2026-11-21T12:00:00.000Z");
        const refs = components.map((component) => component["bom-ref"]);
        assert.equal(new Set(refs).size, refs.length);
        for (const { type, name } of components) assert.ok(type && name);
        // Every binary and image of the catalogue that these nodes get.
        for (const { name } of Object.values(artifacts(cluster.versions)))
            assert.ok(named(bill(machine(0)), name).length, name);
        const containers = components
            .filter(({ type }) => type === "container")
            .map((each) => `${each.name}:${each.version}`);
        assert.deepEqual(
            containers.sort(),
            Object.values(images(cluster.versions))
                .map(({ reference }) => reference)
                .sort(),
        );
    });

    it("gives digests for what each machine is, and says which nodes have it", () => {
        const mixed = bill(machine(0), machine(1, { architecture: "arm64" }));
        const [one, other] = named(mixed, "kubelet");
        assert.deepEqual(
            [one, other].map(({ hashes, properties }) => [hashes![0].content, properties[0].value]).sort(),
            [
                [digestOf("amd64"), nodes[0].name],
                [digestOf("arm64"), nodes[1].name],
            ].sort(),
        );
        const [docker] = named(bill(machine(0), machine(1)), "docker.io");
        assert.equal(docker.purl, "pkg:deb/debian/docker.io@20.10.24%2Bdfsg1-1%2Bb3?arch=amd64&distro=debian-12");
        assert.equal(docker.properties[0].value, `${nodes[0].name},${nodes[1].name}`);
    });

    it("has the same serial number for the same cluster, and another for another one", () => {
        const later = billOfMaterials("hex", "1.36.3", [machine(0)], new Date());
        assert.equal(later.serialNumber, bill(machine(0)).serialNumber);
        assert.notEqual(bill(machine(0, { packages: [] })).serialNumber, bill(machine(0)).serialNumber);
    });
});
