// The table of ports in docs/network.md; docs/generate.ts writes it.
import { addonsSchema } from "../components/config/addons";
import { portName, type PortUse, portUses } from "../components/inventory/ports";

/** The text of docs/network.md with its table as the code has it. */
export function networkDocument(text: string): string {
    return text.replace(/(<!-- ports[^>]*-->\n)[^]*?(<!-- \/ports -->)/, `$1${portsTable()}$2`);
}

function portsTable(): string {
    const names = Object.keys(addonsSchema.shape);
    const always = portUses({ apiPort: 6443, backend: "none", way: "direct", addons: [] });
    const withMore = portUses({ apiPort: 6443, backend: "vxlan", way: "direct", addons: names });
    const others = new Set(always.map(keyOf));
    const [local, virtual] = (["local", "virtual"] as const).map((way) =>
        portUses({ apiPort: 6443, backend: "none", way, addons: [] }).filter((use) => !others.has(keyOf(use))),
    );
    const condition = (use: PortUse) => {
        if (others.has(keyOf(use))) return "always";
        if (local.includes(use)) return "several control planes, neither `api.virtualAddress` nor `api.loadBalancer`";
        if (virtual.includes(use)) return "`api.virtualAddress`";
        return use.by.startsWith("addons.") ? `\`${use.by}\`` : "`network.backend: vxlan`";
    };
    const rows = inOrder(withMore, [...local, ...virtual]).map((use) => {
        const port = use.first === 6443 ? "`api.port`, 6443/tcp" : portName(use);
        const on = use.at ? `${use.on}, on ${use.at}` : use.on;
        return `| ${[port, use.by, on, use.from.join(", "), use.what, condition(use)].join(" | ")} |`;
    });
    return [
        "",
        "| port | who listens | on | who dials | what for | when |",
        "| --- | --- | --- | --- | --- | --- |",
        ...rows,
        "",
        "",
    ].join("\n");
}

/** What stands in front of the API servers comes after them. */
function inOrder(uses: readonly PortUse[], proxies: readonly PortUse[]): PortUse[] {
    const at = uses.findIndex(({ by }) => by === "kube-apiserver") + 1;
    return [...uses.slice(0, at), ...proxies, ...uses.slice(at)];
}

const keyOf = ({ by, ...use }: PortUse) => `${by} ${portName({ by, ...use })}`;
