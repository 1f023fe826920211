import { parse } from "yaml";

import { paths } from "../../components/inventory/paths";
import type { Document, FileFact, NodeFacts, Process } from "./facts";

const units = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"];

const files = [
    ...units.map((unit) => `/etc/systemd/system/${unit}.service`),
    ...[paths.adminKubeconfig, paths.controllerManagerKubeconfig, paths.schedulerKubeconfig],
    ...[paths.etcdData, paths.pki, paths.etcdPki],
    ...[paths.kubeletConfig, paths.kubeletKubeconfig, paths.kubeProxyKubeconfig],
];

const documents = {
    kubelet: paths.kubeletConfig,
    kubeProxy: paths.kubeProxyConfig,
    admission: paths.admission,
    auditPolicy: paths.auditPolicy,
    authentication: paths.authentication,
} as const;

const format = "'file %m %u:%g %y %p\\n'";

/**
 * What root asks on a machine, without changing anything. Of the file that holds the keys for secrets only the names of
 * the providers are read.
 */
const script = `
for unit in ${units.join(" ")}; do
    pid=$(systemctl show -P MainPID "$unit.service" 2>/dev/null)
    [ "\${pid:-0}" -gt 0 ] || continue
    echo "process $unit $(ps -o user:32= -p "$pid")"
    tr '\\0' '\\n' <"/proc/$pid/cmdline" | sed -n "s/^--/flag $unit /p"
    [ "$unit" != etcd ] || tr '\\0' '\\n' <"/proc/$pid/environ" | sed -n "s/^ETCD_/variable etcd ETCD_/p"
done
find ${files.join(" ")} -maxdepth 0 -printf ${format} 2>/dev/null
find ${paths.pki} ${paths.etcdPki} ${paths.cniConfig} -mindepth 1 -printf ${format} 2>/dev/null
sed -n 's/^ *- \\(aes[a-z]*\\|secretbox\\|kms\\|identity\\):.*/encryption \\1/p' ${paths.encryptionConfig} 2>/dev/null
${Object.entries(documents)
    .map(([name, path]) => `[ ! -f ${path} ] || sed 's/^/document ${name} |/' ${path}`)
    .join("\n")}
true
`;

/** The one command that a machine is asked by. */
export const question = `if [ "$(id -u)" = 0 ]; then exec sh -s; else exec sudo -n sh -s; fi <<'AUDIT'${script}AUDIT\n`;

/** What a machine's answer says. */
export function readAnswer(name: string, controlPlane: boolean, answer: string): NodeFacts {
    const processes: Record<
        string,
        { user: string; flags: Record<string, string>; variables: Record<string, string> }
    > = {};
    const found: FileFact[] = [];
    const encryption: string[] = [];
    const texts: Record<string, string[]> = {};
    for (const line of answer.split("\n")) {
        const [kind, subject, ...rest] = line.split(" ");
        const words = rest.join(" ");
        if (kind === "process") processes[subject] = { user: words.trim(), flags: {}, variables: {} };
        else if (kind === "flag") Object.assign(processes[subject].flags, pair(words, "true"));
        else if (kind === "variable") Object.assign(processes[subject].variables, pair(words, ""));
        else if (kind === "encryption") encryption.push(subject);
        else if (kind === "file") found.push(fileFact(subject, rest));
        else if (kind === "document") (texts[subject] ??= []).push(words.slice(1));
    }
    const parsed = Object.fromEntries(
        Object.entries(texts).map(([document, lines]) => [document, parse(lines.join("\n")) as Document]),
    );
    return { name, controlPlane, processes: processes as Record<string, Process>, files: found, encryption, ...parsed };
}

function pair(text: string, otherwise: string): Record<string, string> {
    const equals = text.indexOf("=");
    return equals < 0 ? { [text]: otherwise } : { [text.slice(0, equals)]: text.slice(equals + 1) };
}

const fileFact = (mode: string, [owner, type, ...path]: string[]): FileFact => ({
    path: path.join(" "),
    mode: parseInt(mode, 8),
    owner,
    directory: type === "d",
});
