import { certificatePaths, paths } from "../inventory/paths";
import { etcdUser } from "../render/etcd";

/** Where a certificate that an authority issues lives on a control plane, and who owns it. */
export function placeOf(name: string): { certificate: string; key: string; owner: string } {
    return name.startsWith("etcd-")
        ? { ...certificatePaths(paths.etcdPki, name.slice("etcd-".length)), owner: `${etcdUser}:${etcdUser}` }
        : { ...certificatePaths(paths.pki, name), owner: "root:root" };
}

/** Files on control planes that are made of other credentials; one that every node has, too. */
const others: Readonly<Record<string, readonly string[]>> = {
    "cluster-ca": [paths.ca, paths.signer, paths.caKey, paths.adminKubeconfig],
    "etcd-ca": [paths.etcdCa],
    "front-proxy-ca": [paths.frontProxyCa],
    "service-account": [paths.serviceAccountKey, paths.serviceAccountPublicKey],
    encryption: [paths.encryptionConfig],
    admin: [paths.adminKubeconfig],
};

/** Of these, those that change when one of another generation comes or goes beside the one in use. */
const bundles: Readonly<Record<string, readonly string[]>> = {
    "cluster-ca": [paths.ca, paths.adminKubeconfig],
    "service-account": [paths.serviceAccountPublicKey],
};

/** What changes on a control plane when another generation signs: certificates, or tokens of service accounts. */
export const signerFiles: readonly string[] = [paths.signer, paths.caKey];
export const accountFiles: readonly string[] = others["service-account"];

/** What is there once for the cluster; everything else is each control plane's own. */
export const sharedCredentials = Object.keys(others);

/** The files of a control plane that change when a credential of another generation comes beside the one in use, or goes. */
export function filesBeside(name: string): readonly string[] {
    return bundles[name] ?? filesOf(name, true);
}

/** The files of a control plane that change when a credential is made anew, with its key or without. */
export function filesOf(name: string, withKey: boolean): readonly string[] {
    const { certificate, key } = placeOf(name);
    return others[name] ?? (withKey ? [certificate, key] : [certificate]);
}
