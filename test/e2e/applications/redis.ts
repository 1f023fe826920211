import assert from "node:assert/strict";

import type { Application } from ".";
import { eventually, onNode } from "../harness";
import { redis } from "./requests";

const password = "open-sesame";

/** Row C4: redis on a port of a node's address. */
export const redisOnANode: Application = {
    addons: { "local-path": {} },
    workloads: { redis: { password, storage: "1Gi" } },
    cases(stack, { nodes, addresses }) {
        const [, address] = addresses;
        const login = ["AUTH", password];

        it("redis: a client sets and reads a value through the node's address (C4)", async () => {
            const written = await redis(address, login, ["SET", "greeting", "hello, world"]);
            assert.deepEqual(written, ["+OK", "+OK"]);
            const [, read] = await redis(address, login, ["GET", "greeting"]);
            assert.equal(read, "$12\r\nhello, world");
        });

        it("redis: who doesn't know the password reads nothing, and no process shows it", async () => {
            const [refused] = await redis(address, ["GET", "greeting"]);
            assert.match(refused, /^-NOAUTH/);
            const [wrong] = await redis(address, ["AUTH", "(secret)"]);
            assert.match(wrong, /^-WRONGPASS/);
            const shown = await onNode(nodes[1], "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'");
            assert.match(shown, /redis-server/);
            assert.ok(!shown.includes(password));
        });

        it("redis: what was written outlives the pod, on its volume", async () => {
            const pods = () => stack.kubectl("-n", "redis", "get", "pods", "-o", "name");
            const before = await pods();
            await stack.kubectl("-n", "redis", "delete", "pod", "-l", "app=redis", "--wait=false");
            await eventually("the value from another pod of redis", 60, async () => {
                const [, read] = await redis(address, login, ["GET", "greeting"]);
                return (await pods()) !== before && read === "$12\r\nhello, world";
            });
        });
    },
};
