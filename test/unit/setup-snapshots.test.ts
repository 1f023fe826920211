import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { placesOf, placeWords, render, snapshots, storeKeys } from "../../components/render";
import { parseArguments } from "../../setup/arguments";
import { fetchSnapshot, parseList, readReference, readSnapshot, referenceOf, takenAt } from "../../setup/snapshots";
import { boards } from "../support";

const name = "etcd-20261121T201500Z.db";
const s3 = {
    endpoint: "https://s3.lan",
    bucket: "backups",
    accessKey: "of-a-store",
    secretKey: "of-a-store-secret",
};

describe("setup: snapshots of etcd", () => {
    it("one that lies somewhere is named by place, control plane and time; anything else is a file", () => {
        const known = { place: "s3", node: "hex-n1", name } as const;
        assert.deepEqual(readReference(referenceOf(known)), known);
        assert.equal(referenceOf(known), `s3:hex-n1/${name}`);
        for (const file of [name, `./${name}`, `disk:${name}`, `ftp:hex-n1/${name}`, "s3:hex-n1/other.db"]) {
            assert.equal(readReference(file), undefined, file);
        }
        assert.equal(takenAt(name), "2026-11-21 20:15:00 UTC");
        assert.equal(takenAt("mine.db"), "mine.db");
    });

    it("a list is read line by line; what else lies there is left out", () => {
        const [one, ...others] = parseList(`s3 hex-n1/${name} 1048576\ns3 hex-n1/deep/${name} 1\ns3 notes.txt 5\n\n`);
        assert.deepEqual([one, others], [{ place: "s3", node: "hex-n1", name, size: 1048576 }, []]);
    });

    it("a file must be whole before anything is changed by it", () => {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-snapshot-"));
        try {
            const file = path.join(folder, "etcd.db");
            const pages = randomBytes(4096);
            const digest = createHash("sha256").update(pages).digest();
            fs.writeFileSync(file, Buffer.concat([pages, digest]));
            assert.equal(readSnapshot(file).length, 4128);
            pages[7] ^= 1;
            for (const bad of [
                Buffer.concat([pages, digest]),
                pages,
                Buffer.concat([pages, digest]).subarray(0, 4000),
                "",
            ]) {
                fs.writeFileSync(file, bad);
                assert.throws(
                    () => readSnapshot(file),
                    /etcd\.db is no whole snapshot of etcd.*Nothing was changed\.$/,
                );
            }
            assert.throws(() => readSnapshot(`${file}.none`), /can't be read: ENOENT.*Nothing was changed\.$/);
        } finally {
            fs.rmSync(folder, { recursive: true });
        }
    });

    it("is not looked for where the configuration has no place, nor on a machine that is no control plane", async () => {
        const { cluster, nodes } = boards();
        await assert.rejects(
            async () => fetchSnapshot({ place: "s3", node: "hex-n1", name }, nodes, cluster),
            /no place s3: name it under cluster\.snapshots\.copies/,
        );
        await assert.rejects(
            async () => fetchSnapshot({ place: "disk", node: "hex-n2", name }, nodes, cluster),
            /no control plane hex-n2/,
        );
    });

    it("each place is a unit of its own; only the file for root alone knows the keys", () => {
        const { cluster, nodes } = boards({
            snapshots: { keep: 4, copies: { keep: 20, folder: "/mnt/nas", s3: { ...s3, authority: "PEM\n" } } },
        });
        assert.deepEqual(placesOf(cluster), ["folder", "s3"]);
        assert.deepEqual(placeWords(cluster, "folder"), ["to=/mnt/nas", "prefix=hex"]);
        const text = render(snapshots(nodes[0], cluster, "/kit"));
        assert.match(text, /step snapshots folder=\/var\/backups\/etcd hours=6 keep=4$/m);
        assert.match(
            text,
            /step copy-snapshots place=folder node=hex-n1 folder=\/var\/backups\/etcd keep=20 to=\/mnt\/nas prefix=hex$/m,
        );
        assert.match(
            text,
            /place=s3 .* keep=20 endpoint=https:\/\/s3\.lan region=us-east-1 bucket=backups prefix=hex authority=\/etc\/etcd\/store-ca\.crt$/m,
        );
        assert.match(text, /^file 0644 root:root \/etc\/etcd\/store-ca\.crt\n\| PEM$/m);
        assert.match(text, /^unit etcd-copies-s3\.service active .*after=\/kit,\/etc\/etcd\/store-ca\.crt$/m);
        assert.doesNotMatch(text, /of-a-store/);
        assert.equal(
            render(storeKeys(cluster)),
            "file 0600 root:root /etc/etcd/store-keys\n| access-key=of-a-store\n| secret-key=of-a-store-secret\n",
        );
        assert.deepEqual(storeKeys(boards().cluster), []);
    });

    it("without snapshots by the hour etcd is looked after all the same", () => {
        const { cluster, nodes } = boards({ snapshots: { hours: 0 } });
        const units = [...render(snapshots(nodes[0], cluster, "/kit")).matchAll(/^unit (\S+)/gm)].map(
            ([, unit]) => unit,
        );
        assert.deepEqual(units, ["etcd-care.service"]);
    });

    it("can be listed instead of taken", () => {
        assert.deepEqual(parseArguments(["backup", "--list"]).switches, ["--list"]);
        assert.equal(parseArguments(["restore", `s3:hex-n1/${name}`]).file, `s3:hex-n1/${name}`);
    });
});
