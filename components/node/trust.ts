import type { ClusterSettings } from "../config/schema";
import { trustedBy } from "../pki/generations";
import type { NodeReport } from "../remote";

type Wanted = Pick<ClusterSettings, "certificates" | "serviceAccounts" | "encryption">;

/** A machine that is part of the cluster, as its probe tells of it. */
export interface TrustMember {
    readonly name: string;
    readonly report: Pick<NodeReport, "trusts" | "applied" | "kubelet" | "accounts" | "encryption" | "writes">;
}

/**
 * Steps between generations of authorities and keys that would part a living cluster: every problem, each with the way
 * there. Pure; of what a machine doesn't tell, the configuration is believed.
 *
 * First everything trusts both, then the other one signs, and the old one goes when nothing shows it any more:
 * https://kubernetes.io/docs/tasks/tls/manual-rotation-of-ca-certificates/
 */
export function trustProblems(wanted: Wanted, members: readonly TrustMember[]): string[] {
    return [
        ...signerProblems(wanted.certificates, members),
        ...droppedProblems(wanted.certificates, members),
        ...accountProblems(wanted.serviceAccounts, members),
        ...rootProblems(wanted.encryption.root, members),
        ...writerProblems(wanted.encryption.generation, members),
    ];
}

const names = (members: readonly TrustMember[]) => members.map(({ name }) => name).join(", ");

function signerProblems({ generation }: Wanted["certificates"], members: readonly TrustMember[]): string[] {
    // A file that no unit has read yet is not enough: members of etcd would refuse each other.
    const lacks = (trusts: readonly number[] = []) => trusts.length > 0 && !trusts.includes(generation);
    const strangers = members.filter(({ report }) => lacks(report.trusts) || lacks(report.applied));
    if (strangers.length === 0) return [];
    const known = Math.max(
        ...strangers.flatMap(({ report }) => (lacks(report.trusts) ? report.trusts : report.applied)!),
    );
    return [
        `cluster.certificates.generation can't become ${generation}: ${names(strangers)} must trust its authorities before ` +
            `they sign, or nothing there would believe the API any more. Set generation: ${known} and ` +
            `trusted: [${generation}] and run \`up\` first; \`npm run rotate-ca\` goes all the way.`,
    ];
}

function droppedProblems(wanted: Wanted["certificates"], members: readonly TrustMember[]): string[] {
    const trusted = trustedBy(wanted);
    const shown = members.flatMap((member) => {
        const { client, server } = member.report.kubelet ?? {};
        const generations = [client, server].map((certificate) => certificate?.generation || wanted.generation);
        return generations.filter((each) => !trusted.includes(each)).map((generation) => ({ generation, member }));
    });
    return [...new Set(shown.map(({ generation }) => generation))].map((generation) => {
        const still = [...new Set(shown.filter((one) => one.generation === generation).map(({ member }) => member))];
        return (
            `cluster.certificates.trusted can't be without ${generation}: the kubelets of ${names(still)} show certificates of ` +
            `that generation, and the API would refuse them. Set trusted: [${generation}] and run \`up\`, which ` +
            `gives them new ones; then take it out. \`npm run rotate-ca\` goes all the way.`
        );
    });
}

function accountProblems(wanted: Wanted["serviceAccounts"], members: readonly TrustMember[]): string[] {
    const planes = members.flatMap(({ name, report: { accounts } }) => (accounts ? [{ name, accounts }] : []));
    const strange = planes.find(({ accounts }) => !accounts.verifies.includes(wanted.generation));
    const signing = planes.find(({ accounts }) => !trustedBy(wanted).includes(accounts.signs));
    const command = "`npm run rotate-service-accounts` goes all the way.";
    if (strange) {
        return [
            `cluster.serviceAccounts.generation can't become ${wanted.generation}: the API server of ${strange.name} must know ` +
                `that key before tokens are signed with it. Set generation: ${strange.accounts.signs} and ` +
                `trusted: [${wanted.generation}] and run \`up\` first; ${command}`,
        ];
    }
    return signing
        ? [
              `cluster.serviceAccounts.trusted can't be without ${signing.accounts.signs}: ${signing.name} signs tokens with ` +
                  `that key, and pods have them for up to a day. Set trusted: [${signing.accounts.signs}], run \`up\`, and ` +
                  `take it out a day later; ${command}`,
          ]
        : [];
}

function rootProblems(root: number, members: readonly TrustMember[]): string[] {
    const other = members.find(({ report }) => (report.encryption ?? root) !== root);
    if (!other) return [];
    const { encryption, accounts } = other.report;
    // Built when these keys had the generation of the authorities.
    const more = accounts ? "" : ", and cluster.serviceAccounts.generation, which was the same number then,";
    return [
        `cluster.encryption.root can't be ${root}: the secrets in etcd can be read with the keys of root ${encryption} only ` +
            `(${other.name} has them). Set it${encryption === 1 ? "" : more} to ${encryption}.`,
    ];
}

/** An API server has the keys of the generations before, and the next one's, to read with. */
function writerProblems(generation: number, members: readonly TrustMember[]): string[] {
    const far = members.find(({ report: { writes = generation } }) => Math.abs(writes - generation) > 1);
    if (!far) return [];
    const { writes } = far.report;
    const next = writes! < generation ? writes! + 1 : writes! - 1;
    return [
        `cluster.encryption.generation can't become ${generation}: ${far.name} writes secrets with the key of generation ` +
            `${writes}, and not every API server could read what the others write. Set it to ${next} and run \`up\` first.`,
    ];
}
