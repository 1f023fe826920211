import type { Architecture } from "../../components/inventory/node";
import { debianSuite } from "../build/debian";
import { cLibrary, debianFiles, essentials, libraries, prepareDebian, registerPackages } from "./base";
import { debianTools, expectVersion, type Recipe } from "./recipe";

const redisPackages = registerPackages({
    "redis-server": [/^usr\/bin\/redis-server$/],
    "redis-tools": [/^usr\/bin\/redis-(cli|benchmark|check-aof|check-rdb)$/],
    libc6: [cLibrary],
    ...Object.fromEntries(
        ["libatomic1", "libcap2", "libgcc-s1", "libjemalloc2", "liblua5.1-0", "lua-bitop", "lua-cjson", "liblzf1"]
            .concat(["libssl3t64", "libstdc++6", "libsystemd0", "libzstd1", "zlib1g"])
            .map((name) => [name, [libraries]]),
    ),
});

/** redis from Debian: the server on every address of its container, as an ordinary user, data in /data. */
export function redis(version: string, arch: Architecture): Recipe {
    return {
        source: `https://packages.debian.org/${debianSuite}/redis-server`,
        inputs: [debianSuite],
        needs: debianTools,
        prepare: (context) => prepareDebian(arch, context),
        async assemble(context) {
            const { entries, packages } = await debianFiles(redisPackages, arch, context);
            expectVersion("redis-server", version, packages);
            return {
                entries: [
                    ...entries,
                    ...essentials(["redis:x:999:999:redis:/data:/sbin/nologin"]),
                    // A volume that is mounted here takes its owner from the pod's fsGroup.
                    { path: "data", type: "directory", mode: 0o1777 },
                ],
                config: {
                    Cmd: ["redis-server", "--protected-mode", "no", "--bind", "* -::*"],
                    User: "999:999",
                    WorkingDir: "/data",
                    ExposedPorts: { "6379/tcp": {} },
                    Labels: { "build.slipway.packages": packages.join(" ") },
                },
            };
        },
    };
}
