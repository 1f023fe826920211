import type Docker from "dockerode";
import type { ResourceHandler } from "../provider";
import type { Value, Values } from "../values";
import { labelMap, missing, named, onlyKnown } from "./shared";

const inputs = ["name", "driver", "internal", "ipamConfigs", "labels"];

/** Networks; every change replaces. */
export function networkHandler(docker: Docker): ResourceHandler {
    return {
        check: (args, { name, type }) => onlyKnown(named(args, name), inputs, type),
        replaceOn: "*",
        async create({ inputs: wanted }, { preview }) {
            if (preview) {
                return { id: "", outputs: { ...wanted } };
            }
            const network = await docker.createNetwork({
                Name: wanted.name,
                Driver: wanted.driver ?? "bridge",
                Internal: wanted.internal ?? false,
                CheckDuplicate: true,
                Labels: labelMap(wanted.labels),
                IPAM: {
                    Driver: "default",
                    Config: (wanted.ipamConfigs ?? []).map((config: Value) => ({
                        Subnet: config.subnet,
                        ...(config.gateway && { Gateway: config.gateway }),
                    })),
                },
            });
            return { id: network.id, outputs: await outputs(network, wanted) };
        },
        async read({ id, inputs: known }) {
            const network = docker.getNetwork(id);
            if (await missing(network)) {
                return { id: "", inputs: known, outputs: {} };
            }
            return { id, inputs: known, outputs: await outputs(network, known) };
        },
        async delete({ id }) {
            const network = docker.getNetwork(id);
            if (!(await missing(network))) {
                await network.remove();
            }
        },
    };
}

async function outputs(network: Docker.Network, wanted: Values): Promise<Values> {
    const { Driver, Scope, Internal } = (await network.inspect()) as {
        Driver: string;
        Scope: string;
        Internal: boolean;
    };
    return { ...wanted, driver: Driver, scope: Scope, internal: Internal };
}
