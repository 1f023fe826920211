import { addonsWithData } from "../config/addons";
import type { Settings } from "../config/schema";
import type { Holding } from "../remote/holdings";

/** An add-on that holds data or kinds of its own. */
export type HoldingAddon = (typeof addonsWithData)[number];

/** The label of objects that go only after an explicit word. */
export const holds = (addon: HoldingAddon): Record<string, string> => ({ "slipway.build/holds": addon });

/** The StorageClass that `local-path` brings. */
export const localPathClass = "local-path";

/**
 * Why an add-on that is off can't go yet: what it brought is still there, and `slipway:remove` doesn't name it. One
 * sentence for each. Pure.
 */
export function removalProblems(
    { addons, remove }: Pick<Settings, "addons" | "remove">,
    holdings: readonly Holding[],
): string[] {
    return addonsWithData
        .filter((addon) => addons[addon] === undefined && !remove.includes(addon))
        .flatMap((addon) => {
            const held = holdings.filter((holding) => isHeldBy(addon, holding));
            return held.length === 0
                ? []
                : [
                      `addons.${addon} is off, but the cluster still has ${describe(held)}. ${fates[addon]} ` +
                          `If that is meant, write slipway:remove: [${addon}]; otherwise switch it on again.`,
                  ];
        });
}

const fates: Record<HoldingAddon, string> = {
    "local-path": "They would stay where they are, but nobody would make or delete such volumes any more.",
    metallb: "They would go, with every object of these kinds.",
    monitoring: "It would go, with every figure in it.",
};

function isHeldBy(addon: HoldingAddon, { kind, addon: owner, storageClass }: Holding): boolean {
    return addon === "local-path" ? kind === "PersistentVolume" && storageClass === localPathClass : owner === addon;
}

/** "the volumes of default/data-0 and default/data-1", "the kinds bgppeers.metallb.io, …". */
function describe(held: readonly Holding[]): string {
    const names = held.map(({ name, claim }) => claim ?? name);
    const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
    const what = { PersistentVolume: "volume", PersistentVolumeClaim: "claim" }[held[0].kind] ?? "kind";
    return `the ${what}${names.length > 1 ? "s" : ""} ${shown.join(", ")}`;
}
