import { certificatePaths, paths } from "../../../components/inventory/paths";
import { all, modes, owners } from "../ask";
import type { Control } from "../control";

const unitFile = (name: string) => `/etc/systemd/system/${name}.service`;

/** systemd's reason is in its own warning on units that not everybody may read. */
const shown =
    "A unit file holds no secret, and systemd shows it to everybody over its bus whatever its mode; it warns of every one that is stricter than 644.";

const units = [
    { id: 1, name: "kube-apiserver", what: "the API server" },
    { id: 3, name: "kube-controller-manager", what: "the controller-manager" },
    { id: 5, name: "kube-scheduler", what: "the scheduler" },
    { id: 7, name: "etcd", what: "etcd" },
];

const kubeconfigs = [
    { id: 13, path: paths.adminKubeconfig, what: "the administrator's kubeconfig" },
    { id: 15, path: paths.schedulerKubeconfig, what: "the scheduler's kubeconfig" },
    { id: 17, path: paths.controllerManagerKubeconfig, what: "the controller-manager's kubeconfig" },
];

const networks = [/^\/etc\/cni\/net\.d\/10-flannel\.conflist$/, /^\/etc\/cni\/net\.d\/99-loopback\.conf$/];

/** 1.1: files of a control plane. */
export const files: readonly Control[] = [
    ...units.flatMap(({ id, name, what }): Control[] => [
        {
            id: `1.1.${id}`,
            title: `Who may read what starts ${what}`,
            asked: "control planes",
            passes: `${name}.service is 644 or stricter`,
            exception: shown,
            problems: modes(0o644, unitFile(name)),
        },
        {
            id: `1.1.${id + 1}`,
            title: `Who owns what starts ${what}`,
            asked: "control planes",
            passes: `${name}.service belongs to root`,
            problems: owners("root:root", unitFile(name)),
        },
    ]),
    {
        id: "1.1.9",
        title: "Who may read the pod network's files",
        asked: "control planes",
        passes: "Slipway's files in /etc/cni/net.d are 600",
        problems: modes(0o600, ...networks),
    },
    {
        id: "1.1.10",
        title: "Who owns the pod network's files",
        asked: "control planes",
        passes: "they belong to root",
        problems: owners("root:root", ...networks),
    },
    {
        id: "1.1.11",
        title: "Who may look into etcd's data",
        asked: "control planes",
        passes: "/var/lib/etcd is 700",
        problems: modes(0o700, paths.etcdData),
    },
    {
        id: "1.1.12",
        title: "Who owns etcd's data",
        asked: "control planes",
        passes: "it belongs to etcd's own account",
        problems: owners("etcd:etcd", paths.etcdData),
    },
    ...kubeconfigs.flatMap(({ id, path, what }): Control[] => [
        {
            id: `1.1.${id}`,
            title: `Who may read ${what}`,
            asked: "control planes",
            passes: `${path} is 600`,
            problems: modes(0o600, path),
        },
        {
            id: `1.1.${id + 1}`,
            title: `Who owns ${what}`,
            asked: "control planes",
            passes: `${path} belongs to root`,
            problems: owners("root:root", path),
        },
    ]),
    {
        id: "1.1.19",
        title: "Who owns keys and certificates",
        asked: "control planes",
        passes: "all of /etc/kubernetes/pki belongs to root, files in /etc/etcd/pki to etcd",
        problems: all(
            owners("root:root", paths.pki, /^\/etc\/kubernetes\/pki\//, paths.etcdPki),
            owners("etcd:etcd", /^\/etc\/etcd\/pki\//),
        ),
    },
    {
        id: "1.1.20",
        title: "Who may read certificates",
        asked: "control planes",
        passes: "each .crt is 600",
        problems: modes(0o600, paths.ca, /\/pki\/[^/]+\.crt$/),
    },
    {
        id: "1.1.21",
        title: "Who may read keys",
        asked: "control planes",
        passes: "each .key is 600, and so is the configuration that encrypts secrets",
        problems: modes(
            0o600,
            certificatePaths(paths.pki, "apiserver").key,
            paths.caKey,
            /\/pki\/[^/]+\.key$/,
            paths.encryptionConfig,
        ),
    },
];
