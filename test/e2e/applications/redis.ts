import assert from "node:assert/strict";

import { eventually, onNode, type TestStack } from "../harness";
import { redis } from "./requests";

export const settings = {
    workloads: { redis: { password: "geheim" } },
};

/** Row C4: redis on a port of a node's address. */
export function redisTests(stack: TestStack, lab: { nodes: string[]; addresses: string[] }): void {
    const [, address] = lab.addresses;
    const login = ["AUTH", settings.workloads.redis.password];

    describe("redis", () => {
        it("a client sets and reads a value through the node's address (C4)", async () => {
            const written = await redis(address, login, ["SET", "greeting", "hello, world"]);
            assert.deepEqual(written, ["+OK", "+OK"]);
            const [, read] = await redis(address, login, ["GET", "greeting"]);
            assert.equal(read, "$12\r\nhello, world");
        });

        it("who doesn't know the password reads nothing, and no process shows it", async () => {
            const [refused] = await redis(address, ["GET", "greeting"]);
            assert.match(refused, /^-NOAUTH/);
            const [wrong] = await redis(address, ["AUTH", "(secret)"]);
            assert.match(wrong, /^-WRONGPASS/);
            const shown = await onNode(lab.nodes[1], "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'");
            assert.match(shown, /redis-server/);
            assert.ok(!shown.includes(login[1]));
        });

        it("is back on its port after its pod was deleted", async () => {
            await stack.kubectl("-n", "redis", "delete", "pod", "-l", "app=redis", "--wait=false");
            await stack.kubectl("-n", "redis", "rollout", "status", "deployment/redis", "--timeout=60s");
            await eventually("redis after its pod's death", 30, async () => {
                const [, answer] = await redis(address, login, ["PING"]);
                return answer === "+PONG";
            });
        });
    });
}
