import * as path from "node:path";

import { run } from "../run";
import { download, Refused } from "./download";

/** Who signs, as a certificate of sigstore's names it. */
export interface Signer {
    readonly identity: string;
    /** Of the identity: an OpenID Connect issuer. */
    readonly issuer: string;
}

/** https://kubernetes.io/docs/tasks/administer-cluster/verify-signed-artifacts/ */
export const kubernetesSigner: Signer = {
    identity: "krel-staging@k8s-releng-prod.iam.gserviceaccount.com",
    issuer: "https://accounts.google.com",
};

/** Whether cosign is on PATH. Signatures are checked only where it is: nobody has to have it. */
export function cosignIsThere(): Promise<boolean> {
    return run("cosign", ["version"]).then(
        () => true,
        () => false,
    );
}

/**
 * Checks a file by the signature and the certificate that lie beside it upstream, NAME.sig and NAME.cert.
 *
 * @returns false where nothing of the kind lies beside it, as in a mirror that only has what nodes fetch
 * @throws Error when the signature isn't the signer's.
 */
export async function verifySignature(url: string, file: string, work: string, signer: Signer): Promise<boolean> {
    const [signature, certificate] = [".sig", ".cert"].map((end) => path.join(work, `${path.basename(file)}${end}`));
    try {
        await download(`${url}.sig`, signature);
        await download(`${url}.cert`, certificate);
    } catch (error) {
        if (error instanceof Refused && error.response.status === 404) return false;
        throw error;
    }
    const words = ["--signature", signature, "--certificate", certificate];
    const by = ["--certificate-identity", signer.identity, "--certificate-oidc-issuer", signer.issuer];
    await run("cosign", ["verify-blob", ...words, ...by, file]).catch((error: Error) => {
        throw new Error(`${url} is not signed by ${signer.identity}, so it is not used: ${error.message}`);
    });
    return true;
}
