/** What every listener accepts: TLS 1.2 with forward secrecy and authenticated encryption, and TLS 1.3. */
export const tlsMinVersion = "VersionTLS12";

/** Go's names; TLS 1.3 has no choice of suites. Only ECDSA keys are issued, but kubelets' users may bring RSA ones. */
export const tlsCipherSuites = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
] as const;

/** The same as flags of a Kubernetes server. */
export const tlsFlags = { "tls-min-version": tlsMinVersion, "tls-cipher-suites": tlsCipherSuites } as const;
