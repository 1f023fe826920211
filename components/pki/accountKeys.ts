import * as pulumi from "@pulumi/pulumi";

import type { ClusterSettings } from "../config/schema";
import { trustedBy } from "./generations";
import { makeKey } from "./issue";
import { publicKeys } from "./secrets";

/** The keys of service accounts' tokens: all generations check them, one signs. */
export class AccountKeys {
    /** PEM, secret: what signs. */
    readonly signing: pulumi.Output<string>;
    /** What tokens are checked with, each with its generation. Public. */
    readonly checking: pulumi.Output<string>;

    /** @param name the first part of the resources' names */
    constructor(
        name: string,
        { certificates, serviceAccounts }: Pick<ClusterSettings, "certificates" | "serviceAccounts">,
        parent: pulumi.Resource,
    ) {
        const keys = trustedBy(serviceAccounts).map((generation) => {
            const signs = generation === serviceAccounts.generation;
            // One that doesn't sign is on its way in or out.
            const protect = certificates.protect && signs;
            const key = makeKey(`${name}-service-account-g${generation}`, { parent, protect });
            return { generation, signs, key };
        });
        this.signing = pulumi.secret(keys.find(({ signs }) => signs)!.key.privateKeyPem);
        const all = keys.map(({ generation, signs, key }) =>
            key.publicKeyPem.apply((pem) => ({ generation, signs, pem })),
        );
        this.checking = pulumi.unsecret(pulumi.all(all).apply(publicKeys));
    }
}
