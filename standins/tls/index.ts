/** The stand-in for @pulumi/tls: keys, signing requests and certificates. Its functions are not here. */
// @peculiar/x509 needs it loaded first.
import "reflect-metadata";
import type { Provider } from "../provider";
import { certRequest } from "./certRequest";
import { locallySignedCert } from "./locallySignedCert";
import { privateKey } from "./privateKey";
import { selfSignedCert } from "./selfSignedCert";

export const provider: Provider = {
    name: "tls",
    configure: () => ({
        resources: {
            "tls:index/privateKey:PrivateKey": privateKey,
            "tls:index/certRequest:CertRequest": certRequest,
            "tls:index/selfSignedCert:SelfSignedCert": selfSignedCert,
            "tls:index/locallySignedCert:LocallySignedCert": locallySignedCert,
        },
    }),
};
