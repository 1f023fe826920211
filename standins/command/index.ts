/** The stand-in for @pulumi/command: commands and copies over SSH. Its `local` types are not here. */
import type { Provider } from "../provider";
import { commandHandler } from "./command";
import { copyToRemoteHandler } from "./copyToRemote";
import { Pool } from "./pool";

export const provider: Provider = {
    name: "command",
    configure: () => {
        const pool = new Pool();
        return {
            resources: {
                "command:remote:Command": commandHandler(pool),
                "command:remote:CopyToRemote": copyToRemoteHandler(pool),
            },
            close: () => pool.close(),
        };
    },
};
