#!/bin/sh
# prepare.sh MIRROR KUBEADM_MIRROR KUBERNETES PAUSE CGROUP_DRIVER: makes a lab node ready for kubeadm, which is not part
# of what is measured: docker and the container runtime interface run, binaries and images are in place, and the kubelet
# waits for kubeadm. Runs on the node, as root.
set -eu

mirror=$1
kubeadm_mirror=$2
kubernetes=$3
pause=$4
driver=$5
releases=$mirror/github.com
binaries=dl.k8s.io/release/v$kubernetes/bin/linux/amd64

unpack() {
    for archive in "$releases"/$1; do
        tar -xzf "$archive" -C "$2"
    done
}

# As on Slipway's lab nodes: lab/nodes.ts.
mkdir -p /etc/docker
cat >/etc/docker/daemon.json <<END
{
    "exec-opts": ["native.cgroupdriver=$driver"],
    "live-restore": true,
    "storage-driver": "overlay2"
}
END
if [ "$(cat /run/lab/missing-capabilities)" != '[]' ]; then
    jq '. + {"default-runtime": "lab-runc", "runtimes": {"lab-runc": {"path": "/usr/local/sbin/lab-runc"}}}' \
        /etc/docker/daemon.json >/etc/docker/daemon.json.new
    mv /etc/docker/daemon.json.new /etc/docker/daemon.json
fi
systemctl restart docker.service

sysctl -q -w net.ipv4.ip_forward=1
for key in net.bridge.bridge-nf-call-iptables net.bridge.bridge-nf-call-ip6tables; do
    sysctl -q -w "$key=1" || true
done

install -m 0755 "$mirror/$binaries/kubelet" "$mirror/$binaries/kubectl" "$kubeadm_mirror/$binaries/kubeadm" /usr/bin/
mkdir -p /opt/cni/bin /opt/cri-dockerd /etc/cni/net.d
unpack 'containernetworking/plugins/releases/download/*/cni-plugins-linux-amd64-*.tgz' /opt/cni/bin
unpack 'flannel-io/cni-plugin/releases/download/*/cni-plugin-flannel-linux-amd64-*.tgz' /opt/cni/bin
mv /opt/cni/bin/flannel-amd64 /opt/cni/bin/flannel
unpack 'Mirantis/cri-dockerd/releases/download/*/cri-dockerd-*.amd64.tgz' /opt

find "$mirror/images" "$kubeadm_mirror/images" -name amd64.tar | while read -r archive; do
    docker load -q -i "$archive" >/dev/null
done

cat >/etc/systemd/system/cri-dockerd.service <<END
[Unit]
Description=Container runtime interface of docker
After=docker.service

[Service]
Type=notify
ExecStart=/opt/cri-dockerd/cri-dockerd --container-runtime-endpoint=unix:///run/cri-dockerd.sock \\
    --network-plugin=cni --cni-bin-dir=/opt/cni/bin --cni-conf-dir=/etc/cni/net.d \\
    --pod-infra-container-image=$pause
Restart=always
Delegate=yes
KillMode=process

[Install]
WantedBy=multi-user.target
END

# The unit and the drop-in of Kubernetes' own packages.
cat >/etc/systemd/system/kubelet.service <<'END'
[Unit]
Description=kubelet: The Kubernetes Node Agent
Wants=network-online.target
After=network-online.target

[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable -q --now cri-dockerd.service
systemctl enable -q kubelet.service
