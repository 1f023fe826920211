import { run } from "../../components/remote/ssh";
import type { NodeSpec } from "../../components/inventory";
import { billOfMaterials, type Inventoried } from "../../operations/sbom";
import type { Arguments } from "../arguments";
import { Failure } from "../failure";
import { machinesOf } from "../machines";
import { prepare } from "../prepare";
import type { Progress } from "../progress";
import { checkSettings } from "../settings";
import { exportState, findStack, type StateResource } from "../stack";
import { commandFor } from "../texts";

/** How long a machine may take to name its packages, in milliseconds. */
const patience = 20_000;

const question = `dpkg --print-architecture; . /etc/os-release; echo "$ID $VERSION_ID"
dpkg-query -W -f='\${db:Status-Status} \${Package} \${Version}\\n' | sed -n 's/^installed //p'`;

/** `slipway sbom`: a software bill of materials of what the cluster runs, on stdout and nothing else. */
export async function sbom(args: Arguments, root: string, progress: Progress): Promise<number> {
    const { stack: name, configFile } = args;
    const stack = findStack(root, { name, configFile, needed: true });
    const { cluster } = checkSettings(stack);
    const prepared = await prepare({ stack: name, configFile, root, progress, purpose: "inspect" });
    const resources = (await exportState(prepared)).deployment.resources ?? [];
    const machines = (await machinesOf(prepared)).filter(({ lost }) => !lost);
    const built = machines.flatMap((machine) => {
        const manifests = manifestsOf(resources, machine.name);
        return manifests === undefined ? [] : [{ machine, manifests }];
    });
    if (built.length === 0) {
        throw new Failure(`Stack ${name} has no nodes yet: run ${commandFor("up", args)} until it succeeds.`);
    }
    const asked = await Promise.all(built.map(({ machine, manifests }) => ask(machine, manifests)));
    const problems = asked.filter((answer) => typeof answer === "string");
    if (problems.length > 0) {
        throw new Failure(["A bill that leaves machines out would say too little:", ...problems].join("\n"));
    }
    const bill = billOfMaterials(cluster.name, cluster.kubernetes.version, asked as Inventoried[], new Date());
    process.stdout.write(`${JSON.stringify(bill, null, 2)}\n`);
    return 0;
}

/** What the steps that bring binaries and images to a node were told, as the state has it; undefined: not all of them were. */
function manifestsOf(resources: readonly StateResource[], node: string): string[] | undefined {
    const manifests = ["base", "stage"].map(
        (kind) => resources.find(({ urn }) => urn.endsWith(`::${node}-${kind}`))?.inputs?.stdin,
    );
    return manifests.every((manifest) => typeof manifest === "string") ? manifests : undefined;
}

/** A machine's answer; a sentence where there is none. */
async function ask({ name, ssh }: NodeSpec, manifests: readonly string[]): Promise<Inventoried | string> {
    try {
        const { code, stdout, stderr } = await run(ssh, question, { timeout: patience });
        if (code !== 0) return `  - ${name}: ${stderr.trim()}`;
        const [architecture, system, ...packages] = stdout.trim().split("\n");
        const pair = (line: string) => line.split(" ") as [string, string | undefined];
        const [id, version = ""] = pair(system);
        return {
            node: name,
            architecture,
            system: { id, version },
            packages: packages.map(pair).map(([name, version = ""]) => ({ name, version })),
            manifests,
        };
    } catch (error) {
        return `  - ${name}: ${(error as Error).message}`;
    }
}
