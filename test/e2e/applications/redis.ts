import assert from "node:assert/strict";

import type { Application } from ".";
import { eventually, onNode } from "../harness";
import { redis } from "./requests";

const password = "open-sesame";

/** Row C4: redis on a port of a node's address. */
export const redisOnANode: Application = {
    workloads: { redis: { password } },
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

        it("redis: it is back on its port after its pod was deleted", async () => {
            await stack.kubectl("-n", "redis", "delete", "pod", "-l", "app=redis", "--wait=false");
            await eventually("another pod of redis", 60, async () => {
                await stack.kubectl("-n", "redis", "rollout", "status", "deployment/redis", "--timeout=60s");
                const [, answer] = await redis(address, login, ["PING"]);
                return answer === "+PONG";
            });
        });
    },
};
