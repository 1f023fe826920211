// The table of ports in docs/network.md; docs/generate.ts writes it.
import { addonsSchema } from "../components/config/addons";
import { portName, type PortUse, portUses } from "../components/inventory/ports";

/** The text of docs/network.md with its table as the code has it. */
export function networkDocument(text: string): string {
    return text.replace(/(<!-- ports[^>]*-->\n)[^]*?(<!-- \/ports -->)/, `$1${portsTable()}$2`);
}

function portsTable(): string {
    const names = Object.keys(addonsSchema.shape);
    const all = portUses({ apiPort: 6443, backend: "vxlan", addons: names });
    const others = new Set(portUses({ apiPort: 6443, backend: "none", addons: [] }).map(keyOf));
    const condition = (use: PortUse) => {
        if (others.has(keyOf(use))) return "always";
        return use.by.startsWith("addons.") ? `\`${use.by}\`` : "`network.backend: vxlan`";
    };
    const rows = all.map((use) => {
        const port = use.by === "kube-apiserver" ? "`api.port`, 6443/tcp" : portName(use);
        return `| ${[port, use.by, use.on, use.from.join(", "), use.what, condition(use)].join(" | ")} |`;
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

const keyOf = ({ by, ...use }: PortUse) => `${by} ${portName({ by, ...use })}`;
