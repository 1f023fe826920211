import { paths } from "../../../components/inventory/paths";
import { all, variables } from "../ask";
import type { Control, NodeControl } from "../control";

const asks = (id: number, title: string, passes: string, problems: NodeControl["problems"]): Control => ({
    id: `2.${id}`,
    title,
    asked: "control planes",
    passes,
    problems,
});

/** 2: etcd. */
export const etcd: readonly Control[] = [
    asks(
        1,
        "Whoever calls sees a certificate",
        "certificate and key are named",
        variables({ ETCD_CERT_FILE: true, ETCD_KEY_FILE: true }),
    ),
    asks(
        2,
        "Clients show a certificate",
        "it is asked for",
        variables({ ETCD_CLIENT_CERT_AUTH: "true", ETCD_TRUSTED_CA_FILE: true }),
    ),
    asks(3, "No certificates of one's own making", "etcd makes none", variables({ ETCD_AUTO_TLS: undefined })),
    asks(
        4,
        "Members see each other's certificate",
        "certificate and key are named",
        variables({ ETCD_PEER_CERT_FILE: true, ETCD_PEER_KEY_FILE: true }),
    ),
    asks(
        5,
        "Members show a certificate",
        "it is asked for",
        variables({ ETCD_PEER_CLIENT_CERT_AUTH: "true", ETCD_PEER_TRUSTED_CA_FILE: true }),
    ),
    asks(6, "None of its own making between members", "etcd makes none", variables({ ETCD_PEER_AUTO_TLS: undefined })),
    asks(
        7,
        "etcd trusts an authority of its own",
        "its authority isn't the cluster's, and it runs under its own account",
        all(
            variables({ ETCD_TRUSTED_CA_FILE: paths.etcdCa, ETCD_PEER_TRUSTED_CA_FILE: paths.etcdCa }),
            ({ processes }) => (processes.etcd?.user === "etcd" ? [] : [`etcd runs as ${processes.etcd?.user}`]),
        ),
    ),
];
