/** Probes simulated machines five times, and prints how many seconds each took, as JSON. PROBE says whom to ask. */
import { probeNodes } from "../../components/remote";
import { boards } from "../../test/support";
import { timed } from "../figures";

export interface ProbeRequest {
    readonly names: readonly string[];
    readonly port: number;
    readonly hostKey: string;
    readonly privateKey: string;
}

async function main({ names, port, hostKey, privateKey }: ProbeRequest): Promise<void> {
    const [board] = boards().nodes;
    const nodes = names.map((name) => {
        return { ...board, name, ssh: { host: "127.0.0.1", port, user: name, hostKey, privateKey } };
    });
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
        times.push(
            await timed(async () => {
                const failed = Object.values(await probeNodes(nodes)).find(({ problem }) => problem !== undefined);
                if (failed) throw new Error(failed.problem);
            }),
        );
    }
    process.stdout.write(JSON.stringify(times));
}

if (require.main === module) void main(JSON.parse(process.env.PROBE!) as ProbeRequest);
