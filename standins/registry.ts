/** The stand-in plugins there are. Each is loaded when the engine first talks to it: a run pays only for what it uses. */
import { createRequire } from "node:module";
import type { Provider } from "./provider";

const requireHere = createRequire(__filename);

/** Names of the packages that have a stand-in, in the order in which they are listed to the engine. */
export const names = ["command", "docker", "kubernetes", "tls"] as const;

export type StandinName = (typeof names)[number];

/** Loads a stand-in: the `provider` that standins/NAME/index.ts exports. */
export async function load(name: StandinName): Promise<Provider> {
    return (requireHere(`./${name}/index`) as { provider: Provider }).provider;
}
