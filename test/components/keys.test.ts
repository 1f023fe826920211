import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";

import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";

import { Cluster } from "../../components";
import { Pki } from "../../components/pki";
import { lastingKeys } from "../../setup/fleet";
import { boards } from "../support";

describe("a large fleet's keys", () => {
    const { cluster, nodes } = boards({}, [["control-plane", "worker"], ["worker"]]);
    const value = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));

    it("are named in the state as setup looks for them", async () => {
        const names: string[] = [];
        pulumi.runtime.setMocks({
            newResource: ({ name, inputs }) => {
                names.push(name);
                const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(name).toString("base64")}\n`;
                const outputs = { privateKeyPem: pem, publicKeyPem: pem, certRequestPem: pem, certPem: pem };
                return { id: name, state: { ...inputs, ...outputs, validityEndTime: "2036-01-01T00:00:00Z" } };
            },
            call: () => ({}),
        });
        const pki = new Pki(`${cluster.name}-pki`, { cluster, nodes });
        await value(pki.credentialsFor(nodes[0]));
        const missing = lastingKeys(cluster).filter((name) => !names.includes(name));
        assert.deepEqual(missing, []);
    });

    it("are made for the project that the whole program is of, under the same parent", () => {
        const root = path.resolve(__dirname, "..", "..");
        const project = (file: string) => parse(fs.readFileSync(path.join(root, file), "utf8")) as { name: string };
        assert.equal(project("setup/keys/Pulumi.yaml").name, project("Pulumi.yaml").name);
        const program = fs.readFileSync(path.join(root, "setup/keys/index.ts"), "utf8");
        const [, type] = /super\("([^"]+)"/.exec(Cluster.toString()) ?? [];
        assert.ok(type && program.includes(`"${type}"`), `setup/keys/index.ts should make a ${type}.`);
    });
});
