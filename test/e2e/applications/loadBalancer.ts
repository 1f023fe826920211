import assert from "node:assert/strict";
import * as fs from "node:fs";

import { parse, stringify } from "yaml";

import type { Application } from ".";
import { eventually } from "../harness";
import { ask } from "./requests";

const pool = /^172\.31\.\d+\.20\d$/;
const byAddress = "jsonpath={.status.loadBalancer.ingress[*].ip}";

/** Addresses for services of type LoadBalancer. */
export const loadBalancer: Application = {
    addons: { metallb: { addresses: ["172.31.232.200-172.31.232.209"] } },
    cases(stack) {
        it("a LoadBalancer service gets an address of the pool, and answers on it from outside (A5)", async () => {
            await stack.kubectl(
                "expose",
                "deployment",
                "my-nginx",
                "--name=outside",
                "--type=LoadBalancer",
                "--port=80",
                "--target-port=http",
            );
            const address = await eventually("an address", 20, async () => {
                const given = await stack.kubectl("get", "service", "outside", "-o", byAddress);
                return given !== "" && given;
            });
            assert.match(address, pool);
            const { body } = await eventually("an answer", 20, () => ask(`http://${address}/`));
            assert.match(body, /Welcome to nginx/);
            await stack.kubectl("delete", "service", "outside");
        });

        it("hello-kube answers on its node's address and on one of the pool", async () => {
            const given = await stack.kubectl("get", "service", "hello-kube", "-o", byAddress);
            assert.match(given, pool);
            const own = await stack.kubectl("get", "service", "hello-kube", "-o", "jsonpath={.spec.externalIPs[0]}");
            for (const address of [given, own]) {
                assert.match((await ask(`http://${address}:8300/hostname`)).body, /hello-kube/);
            }
        });

        it("MetalLB isn't taken out with its kinds before somebody says so", async () => {
            const before = fs.readFileSync(stack.configFile, "utf8");
            const without = parse(before) as { config: Record<string, Record<string, unknown>> };
            delete without.config["slipway:addons"].metallb;
            fs.writeFileSync(stack.configFile, stringify(without));
            const { status, output } = await stack.slipway(["preview"]);
            fs.writeFileSync(stack.configFile, before);
            assert.notEqual(status, 0);
            assert.match(output, /addons\.metallb is off, but the cluster still has the kinds .*metallb\.io/);
            assert.match(output, /slipway:remove: \[metallb\]/);
        });
    },
};
