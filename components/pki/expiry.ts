import type { ClusterSettings } from "../config/schema";

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
            const advice = "every certificate ends with it. Plan a successor: cluster.certificates.generation.";
            return left < notice ? [`The authority ${name} ${ends}: ${advice}`] : [];
        }
        // One that is meant to be short says so by its life, not by a warning at each look.
        if (name === "operator") return [];
        return left < renewHours ? [`The certificate ${name} ${ends}: \`up\` renews it.`] : [];
    });
}
