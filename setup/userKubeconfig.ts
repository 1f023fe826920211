import { randomBytes, webcrypto } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import "reflect-metadata";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { parse } from "yaml";
import { kubeconfig } from "../components/render/kubeconfig";
import { accessOf, apiClient } from "./apiAccess";
import { Failure } from "./failure";
import type { KubeconfigUser } from "./kubeconfigUser";

/**
 * A kubeconfig of its own for a user: the key is made here and stays in it; the certificate is asked for, approved and
 * fetched through the API, and nothing of it is kept. What the user may do is said by bindings to the name or its groups.
 *
 * @param operator the administrator's kubeconfig
 * @throws Failure when the API makes no certificate; with its reason
 */
export async function kubeconfigFor(user: KubeconfigUser, operator: string): Promise<string> {
    const access = accessOf(operator);
    const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const request = await Pkcs10CertificateRequestGenerator.create(
        {
            name: [{ CN: [user.name] }, ...user.groups.map((group) => ({ O: [group] }))],
            keys,
            signingAlgorithm: algorithm,
        },
        webcrypto as Crypto,
    );
    const certificate = await sign(user, request.toString("pem"), apiClient(access));
    const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
    const [{ name: cluster }] = (parse(operator) as { clusters: { name: string }[] }).clusters;
    return kubeconfig({
        name: `${user.name}@${cluster}`,
        server: access.server,
        serverName: access.servername,
        authority: { pem: access.ca!.toString() },
        user: {
            certificate: { pem: certificate },
            key: {
                pem: `-----BEGIN PRIVATE KEY-----\n${key.match(/.{1,64}/g)!.join("\n")}\n-----END PRIVATE KEY-----\n`,
            },
        },
    });
}

/** How long the signer may take, in milliseconds. */
const patience = 10_000;

/** https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/ */
async function sign({ name, seconds }: KubeconfigUser, request: string, api: ReturnType<typeof apiClient>) {
    const requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
    const metadata = { name: `slipway-user-${randomBytes(6).toString("hex")}` };
    const body = {
        apiVersion: "certificates.k8s.io/v1",
        kind: "CertificateSigningRequest",
        metadata,
        spec: {
            request: Buffer.from(request).toString("base64"),
            signerName: "kubernetes.io/kube-apiserver-client",
            usages: ["client auth"],
            expirationSeconds: seconds,
        },
    };
    const mine = `${requests}/${metadata.name}`;
    try {
        const made = await api.request<SigningRequest>("POST", requests, { body });
        const condition = {
            type: "Approved",
            status: "True",
            reason: "SlipwayKubeconfig",
            message: `the operator asked for a kubeconfig for ${name}`,
        };
        await api.request("PUT", `${mine}/approval`, { body: { ...made, status: { conditions: [condition] } } });
        for (const end = Date.now() + patience; Date.now() < end; await sleep(100)) {
            const { certificate } = (await api.request<SigningRequest>("GET", mine)).status ?? {};
            if (certificate) return Buffer.from(certificate, "base64").toString();
        }
        throw new Failure(
            `The cluster signed no certificate for ${name} within ${patience / 1000} s: look at the controller-manager ` +
                "(`npm run logs -- --unit kube-controller-manager`).",
        );
    } finally {
        await api.request("DELETE", mine).catch(() => undefined);
        api.close();
    }
}

interface SigningRequest {
    readonly status?: { readonly certificate?: string };
}
