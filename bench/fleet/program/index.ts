/** The bare program of the spike: five commands for each simulated node, one after the other, each with a manifest. */
import { readFileSync } from "node:fs";
import { remote } from "@pulumi/command";
import type { Resource } from "@pulumi/pulumi";
import type { Fleet } from "../server";

const fleet = JSON.parse(readFileSync(process.env.FLEET!, "utf8")) as Fleet;
const kinds = ["contact", "base", "stage", "credentials", "activate"];
const steps = Array.from(
    { length: Number(process.env.FLEET_STEPS ?? kinds.length) },
    (_, index) => kinds[index] ?? `step-${index}`,
);
const padding = "# ".padEnd(Number(process.env.FLEET_PADDING ?? 0), "x");

/** About 1 KiB, as a step's manifest is. */
function manifest(node: string, step: string): string {
    const unit = [
        "| [Unit]",
        `| Description=Kubernetes node agent of ${node}`,
        "| After=network-online.target cri-dockerd.service",
        "| [Service]",
        "| EnvironmentFile=/etc/kubernetes/kubelet.conf",
        "| ExecStart=/opt/k8s/kubernetes/kubelet $KUBELET_ARGUMENTS",
        "| Restart=always",
        "| RestartSec=5",
        "| [Install]",
        "| WantedBy=multi-user.target",
    ];
    const digest = Buffer.from(`${node}/${step}`).toString("hex").padEnd(64, "0");
    const artifact = (name: string) => [
        `artifact ${name} 1.36.3 dl.k8s.io/release/v1.36.3/bin/linux/{arch}/${name} amd64=${digest}`,
        `| 0755 /opt/k8s/v1.36.3/${name}`,
    ];
    return [
        "directory 0755 root:root /etc/kubernetes",
        "file 0644 root:root /etc/kubernetes/kubelet.conf",
        `| KUBELET_ARGUMENTS=--config=/var/lib/kubelet/config.yaml --hostname-override=${node} --node-ip=10.0.0.1`,
        ...artifact("kubelet"),
        ...artifact("kube-proxy"),
        `unit kubelet.service active stamp=${digest} after=/var/lib/kubelet/config.yaml,/opt/k8s/kubernetes`,
        ...unit,
        ...(padding.length > 2 ? [padding] : []),
        "",
    ].join("\n");
}

const { hostKey, privateKey } = fleet;
fleet.ports.forEach((port, index) => {
    const node = `node-${index + 1}`;
    const connection = { host: "127.0.0.1", port, user: "operator", hostKey, privateKey };
    let before: Resource | undefined;
    for (const step of steps) {
        before = new remote.Command(
            `${node}-${step}`,
            {
                connection,
                create: `sudo -n /var/lib/slipway/kit/0123456789abcdef/step ${step} apply`,
                delete: `sudo -n /var/lib/slipway/kit/0123456789abcdef/step ${step} remove`,
                stdin: manifest(node, step) + (step === "activate" ? (process.env.FLEET_CHANGE ?? "") : ""),
                triggers: [node, "127.0.0.1"],
                logging: remote.Logging.None,
                addPreviousOutputInEnv: false,
            },
            { dependsOn: before ? [before] : [], deleteBeforeReplace: true },
        );
    }
});
