import type { ClusterSettings } from "../config/schema";
import type { NodeReport } from "../remote/probe";

/** An hour, in milliseconds. */
const hour = 3_600_000;

/** An authority's end is said a year before, for its successor wants planning; of a shorter life, a tenth before. */
const authorityNotice = 8760;

/**
 * A sentence for each certificate that ends soon: one that `up` should have renewed by now, and an authority, which
 * nothing renews by itself. Pure.
 *
 * @param expiries RFC 3339, by name, as the output `certificates` has them
 * @param now milliseconds since 1970
 */
export function expiryWarnings(
    expiries: Readonly<Record<string, string>>,
    { renewHours, authorityHours }: Pick<ClusterSettings["certificates"], "renewHours" | "authorityHours">,
    now = Date.now(),
): string[] {
    const notice = Math.min(authorityNotice, authorityHours / 10);
    return Object.entries(expiries).flatMap(([name, end]) => {
        const left = (Date.parse(end) - now) / hour;
        const ends = `${left > 0 ? "ends" : "ended"} on ${end}`;
        if (name.endsWith("-ca")) {
            const advice = "every certificate ends with it. `npm run rotate-ca` brings in its successor.";
            return left < notice ? [`The authority ${name} ${ends}: ${advice}`] : [];
        }
        // One that is meant to be short says so by its life, not by a warning at each look.
        if (name === "operator") return [];
        return left < renewHours ? [`The certificate ${name} ${ends}: \`up\` renews it.`] : [];
    });
}

/** What a probe tells of a kubelet: seconds since 1970. */
type Kubelets = Readonly<Record<string, Pick<NodeReport, "kubelet">>>;

/** When kubelets' certificates end, RFC 3339, by "hex-n1/kubelet-client". */
export function kubeletExpiries(reports: Kubelets): Record<string, string> {
    const ends = Object.entries(reports).flatMap(([node, { kubelet = {} }]) =>
        Object.entries(kubelet).map(([use, certificate]) => [`${node}/kubelet-${use}`, timeOf(certificate.ends)]),
    );
    return Object.fromEntries(ends);
}

/**
 * A sentence for each certificate that a kubelet should have renewed by itself: it does so when 70 to 90 % of its life
 * are over. Pure.
 * https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/#certificate-rotation
 */
export function kubeletWarnings(reports: Kubelets, now = Date.now()): string[] {
    return Object.entries(reports).flatMap(([node, { kubelet = {} }]) =>
        Object.entries(kubelet).flatMap(([use, { begins, ends }]) => {
            const left = ends - now / 1000;
            if (left > (ends - begins) / 10) return [];
            const approver = use === "client" ? "" : " and `journalctl -u kube-csr-approver` on the control planes";
            const cause = `\`journalctl -u kubelet\` there${approver} may say why it wasn't renewed`;
            const advice = left > 0 || use === "server" ? `${cause}.` : "`up` lets the node join anew.";
            return [
                `The kubelet's ${use} certificate of ${node} ${left > 0 ? "ends" : "ended"} on ${timeOf(ends)}: ${advice}`,
            ];
        }),
    );
}

const timeOf = (seconds: number) => new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
