import assert from "node:assert/strict";
import * as fs from "node:fs";

import { parse } from "yaml";

import type { Application } from ".";
import { eventually, onNode, type TestStack } from "../harness";
import { ask } from "./requests";

interface Pod {
    metadata: { name: string };
    status: { podIP: string; containerStatuses: { restartCount: number }[] };
}

/** The certificate of the cluster's authority, as its users have it. */
export function authorityOf(stack: TestStack): string {
    const { clusters } = parse(fs.readFileSync(stack.kubeconfig(), "utf8"));
    return Buffer.from(clusters[0].cluster["certificate-authority-data"], "base64").toString();
}

/** Those of `healthy-monolith`, as they were at first. */
let healthy: Pod[] = [];

const podsOf = async (stack: TestStack, name: string) =>
    (await stack.kubectlJson<{ items: Pod[] }>("-n", name, "get", "pods", "-l", `app=${name}`)).items;

/** Rows W3 and W4: services that make one application, and the same in one program. */
export const microservices: Application = {
    workloads: { microservices: {}, "healthy-monolith": {}, "secure-monolith": {} },
    cases(stack, { nodes, addresses }) {
        const frontend = `https://${addresses[1]}`;
        const verified = () => ({ ca: authorityOf(stack) });
        const bearer = (token: string) => ({ ...verified(), headers: { authorization: `Bearer ${token}` } });
        const pods = (name: string) => podsOf(stack, name);
        let token = "";

        it("a monolith whose liveness fails is on its way to be started anew (W4)", async () => {
            healthy = await pods("healthy-monolith");
            assert.equal(healthy.length, 3);
            // Seen when others have been tried: it takes three probes.
            await onNode(nodes[0], `curl -sS -X POST http://${healthy[0].status.podIP}:81/healthz/status`);
        });

        it("one logs in at the frontend, verified by the cluster's authority, and is greeted for the token (W3)", async () => {
            await assert.rejects(ask(`${frontend}/login`), /certificate|self-signed/);
            const login = await ask(`${frontend}/login`, { ...verified(), auth: "user:password" });
            assert.equal(login.status, 200);
            ({ token } = JSON.parse(login.body));
            const greeted = await ask(`${frontend}/hello/secure`, bearer(token));
            assert.deepEqual([greeted.status, JSON.parse(greeted.body)], [200, { message: "Hello" }]);
        });

        it("a wrong password gets no token, a forged token no greeting (W3)", async () => {
            assert.equal((await ask(`${frontend}/login`, { ...verified(), auth: "user:passwort" })).status, 401);
            assert.equal((await ask(`${frontend}/login`, verified())).status, 401);
            const [head, claims, signature] = token.split(".");
            const another = Buffer.from(JSON.stringify({ iss: "auth.service", sub: "root", exp: 4e9 }));
            const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
            const forged = [
                `${head}.${another.toString("base64url")}.${signature}`,
                `${unsigned}.${claims}.`,
                `${head}.${claims}.${signature.slice(0, -4)}AAAA`,
            ];
            for (const each of forged) {
                assert.equal((await ask(`${frontend}/hello/secure`, bearer(each))).status, 401, each);
            }
            assert.equal((await ask(`${frontend}/hello/secure`, verified())).status, 401);
        });

        it("the secure monolith answers over TLS on every node, and by no other way (W4)", async () => {
            for (const address of addresses) {
                assert.equal((await ask(`https://${address}:31000/`, verified())).status, 200);
            }
            const [{ status }] = await pods("secure-monolith");
            const plain = await onNode(nodes[0], `curl -sS --max-time 2 http://${status.podIP}/ 2>&1 || echo refused`);
            assert.match(plain, /refused/);
        });

        it("a monolith that isn't ready gets no requests, and its service answers on (W4)", async () => {
            const [, , pod] = healthy;
            const flip = () => onNode(nodes[0], `curl -sS -X POST http://${pod.status.podIP}:81/readiness/status`);
            const ip = await stack.kubectl("-n", "healthy-monolith", "get", "svc", "-o", "jsonpath={..clusterIP}");
            const endpoints = async () =>
                (await stack.kubectl("-n", "healthy-monolith", "get", "endpoints", "healthy-monolith")).includes(
                    `${pod.status.podIP}:80`,
                );
            const asked = async () =>
                (await stack.kubectl("-n", "healthy-monolith", "logs", pod.metadata.name)).split('GET "/').length;
            await flip();
            await eventually("an endpoint less", 20, async () => !(await endpoints()));
            const answers = `for i in $(seq 30); do curl -sS --max-time 3 -o /dev/null -w '%{http_code} ' http://${ip}/; done`;
            // kube-proxy on this node may take a moment longer than the API.
            await eventually("requests for the others only", 10, async () => {
                const before = await asked();
                assert.equal(await onNode(nodes[0], answers), "200 ".repeat(30));
                return (await asked()) === before;
            });
            await flip();
            await eventually("the endpoint again", 20, endpoints);
        });
    },
};

/** Some time later. */
export const revived: Application = {
    cases(stack) {
        it("the monolith whose liveness failed was started anew (W4)", async () => {
            await eventually("a restart", 60, async () => {
                const now = (await podsOf(stack, "healthy-monolith")).find(
                    ({ metadata }) => metadata.name === healthy[0].metadata.name,
                );
                return now && now.status.containerStatuses[0].restartCount > 0;
            });
        });
    },
};
