/** Which pods are replaced when another authority is trusted, and how: the kit's part, with an API that a file plays. */
import * as assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

import { kitFolder } from "../../components/remote";

const since = "2026-11-21T10:00:00Z";
const [before, same, after] = ["2026-11-21T09:59:59Z", since, "2026-11-21T10:00:01Z"];

/** As the kit's template prints a pod: namespace, name, created, phase, going, ready, annotation, controller. */
const pod = (
    name: string,
    created: string,
    owner = "",
    { phase = "Running", going = "-", ready = "True", trusts = "-" } = {},
) => `default ${name} ${created} ${phase} ${going} ${ready}. ${trusts} ${owner}`;

describe("kit: pods that use the API", () => {
    let work: string;
    beforeEach(() => {
        work = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-clients-"));
    });
    afterEach(() => fs.rmSync(work, { recursive: true }));

    /** Runs commands of the kit with an API that knows these pods, and notes whatever else it is asked. */
    const run = (pods: string[], sets: string[], commands: string) => {
        fs.writeFileSync(path.join(work, "api-pods"), pods.map((line) => `${line}\n`).join(""));
        fs.writeFileSync(path.join(work, "api-sets"), sets.map((line) => `${line}\n`).join(""));
        const script = `
            set -eu
            work=${work} since=${since} bundle=f00d
            admin=/nowhere
            . ${kitFolder}/say.sh
            . ${kitFolder}/clients.sh
            api() {
                case "$*" in
                    "get pods"*) cat "$work/api-pods" ;;
                    "get replicasets"*) cat "$work/api-sets" ;;
                    *) echo "$*" >>"$work/asked"; case "$*" in *" -f -") cat >/dev/null ;; esac ;;
                esac
            }
            : >"$work/patched"
            ${commands}`;
        const { status, stderr } = spawnSync("sh", ["-s"], { input: script, encoding: "utf8" });
        assert.equal(status, 0, stderr);
        const read = (name: string) => {
            const file = path.join(work, name);
            return fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim().split("\n").filter(Boolean) : [];
        };
        return { clients: read("clients"), asked: read("asked"), patched: read("patched") };
    };
    const select = `ask_clients; awk '$4 == "old" && $3 !~ /^(-|Job\\/.*|Node\\/.*)$/' "$work/clients" >"$work/old"`;

    it("are old when they began before all authorities were trusted, or in that second; what has ended isn't one", () => {
        const { clients } = run(
            [
                pod("web-1", before, "ReplicaSet/web-abc"),
                pod("web-2", after, "ReplicaSet/web-abc"),
                pod("db-0", same, "StatefulSet/db"),
                // Replaced within the second in which all authorities were trusted.
                pod("db-1", same, "StatefulSet/db", { trusts: "f00d" }),
                pod("db-2", same, "StatefulSet/db", { trusts: "of-before" }),
                pod("bare", before),
                pod("done", before, "Job/once", { phase: "Succeeded" }),
                pod("leaves", before, "ReplicaSet/web-abc", { going: "going" }),
                pod("comes", after, "DaemonSet/agent", { ready: "False" }),
            ],
            ["default web-abc Deployment/web"],
            "ask_clients",
        );
        assert.deepEqual(clients, [
            "default web-1 Deployment/web old",
            "default web-2 Deployment/web new",
            "default db-0 StatefulSet/db old",
            "default db-1 StatefulSet/db new",
            "default db-2 StatefulSet/db old",
            "default bare - old",
            "default leaves Deployment/web not-ready",
            "default comes DaemonSet/agent not-ready",
        ]);
    });

    it("are replaced by their workloads, each told once, by an annotation that is equal for equal authorities", () => {
        const { asked, patched } = run(
            [
                pod("web-1", before, "ReplicaSet/web-abc"),
                pod("web-2", before, "ReplicaSet/web-abc"),
                pod("agent-1", before, "DaemonSet/agent"),
                pod("new", after, "StatefulSet/db"),
            ],
            ["default web-abc Deployment/web"],
            `${select}; roll_workloads; roll_workloads`,
        );
        assert.deepEqual(patched, ["default daemonset/agent", "default deployment/web"]);
        assert.equal(asked.length, 2);
        assert.match(asked[0], /^-n default patch daemonset\/agent .*"slipway\.build\/trusts":"f00d"/);
    });

    it("of other controllers are evicted one by one, while all others of the same are ready; Jobs and bare ones stay", () => {
        const { asked } = run(
            [
                pod("set-1", before, "ReplicaSet/set"),
                pod("set-2", before, "ReplicaSet/set"),
                pod("rc-1", before, "ReplicationController/rc"),
                pod("rc-2", after, "ReplicationController/rc", { ready: "False" }),
                pod("bare", before),
                pod("job-1", before, "Job/work"),
            ],
            ["default set "],
            `${select}; evict_others`,
        );
        assert.deepEqual(asked, ["create --raw /api/v1/namespaces/default/pods/set-1/eviction -f -"]);
    });
});
