import assert from "node:assert/strict";

import type { Application } from ".";
import { images } from "../../../mirror/catalogue";
import { eventually, onNode } from "../harness";
import { apply } from "./manifests";

const labels = { app: "notes" };
const notes = {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "notes", namespace: "default" },
    spec: {
        serviceName: "notes",
        selector: { matchLabels: labels },
        template: {
            metadata: { labels },
            spec: {
                terminationGracePeriodSeconds: 0,
                // Not root: the folder lets whoever runs there write.
                securityContext: { runAsUser: 65534 },
                containers: [
                    {
                        name: "notes",
                        image: images().agnhost.reference,
                        args: ["pause"],
                        volumeMounts: [{ name: "data", mountPath: "/data" }],
                    },
                ],
            },
        },
        volumeClaimTemplates: [
            {
                metadata: { name: "data" },
                // No class: the default one.
                spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "16Mi" } } },
            },
        ],
    },
};

/** Volumes that are folders of the nodes. */
export const storage: Application = {
    addons: { "local-path": {} },
    cases(stack) {
        const inPod = (command: string) => stack.kubectl("exec", "notes-0", "--", "sh", "-c", command);
        const started = () => stack.kubectl("rollout", "status", "statefulset/notes", "--timeout=60s");

        it("a StatefulSet keeps its data over its pod's death", async () => {
            await apply(stack, notes);
            await started();
            await inPod("echo kept > /data/note");
            const uid = () => stack.kubectl("get", "pod", "notes-0", "-o", "jsonpath={.metadata.uid}");
            const before = await uid();
            await stack.kubectl("delete", "pod", "notes-0");
            await started();
            assert.notEqual(await uid(), before);
            assert.equal((await inPod("cat /data/note")).trim(), "kept");
        });

        it("the data goes with its claim, and nothing else takes it away", async () => {
            const node = await stack.kubectl("get", "pod", "notes-0", "-o", "jsonpath={.spec.nodeName}");
            const folders = () => onNode(node, "ls /opt/local-path-provisioner");
            await stack.kubectl("delete", "statefulset", "notes");
            assert.match(await folders(), /_default_data-notes-0/);
            await stack.kubectl("delete", "pvc", "data-notes-0");
            await eventually("the folder's end", 30, async () => !/data-notes-0/.test(await folders()));
            const claims = () => stack.kubectl("get", "pv", "-o", "jsonpath={.items[*].spec.claimRef.name}");
            await eventually("the volume's end", 30, async () => !/data-notes-0/.test(await claims()));
        });
    },
};
