/** The stand-in for @pulumi/docker: the networks and containers that the lab is made of. */
import Docker from "dockerode";
import type { Provider } from "../provider";
import { containerHandler } from "./container";
import { networkHandler } from "./network";

export const provider: Provider = {
    name: "docker",
    configure: (config) => {
        // Without `host` dockerode looks at DOCKER_HOST, as every client does.
        const docker = config.host ? connect(String(config.host)) : new Docker();
        return {
            resources: {
                "docker:index/container:Container": containerHandler(docker),
                "docker:index/network:Network": networkHandler(docker),
            },
        };
    },
};

function connect(host: string): Docker {
    const url = new URL(host);
    if (url.protocol === "unix:") {
        return new Docker({ socketPath: url.pathname });
    }
    if (url.protocol === "tcp:") {
        return new Docker({ host: url.hostname, port: Number(url.port || 2375), protocol: "http" });
    }
    throw new Error(
        `The stand-in for the docker plugin reaches engines by unix:// and tcp://, not by ${url.protocol}//.`,
    );
}
