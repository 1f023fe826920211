#!/bin/sh
# up.sh together|in-turn MANIFESTS FIRST OTHER…: makes a cluster of prepared lab nodes with kubeadm. This is what is
# measured. MANIFESTS is a folder with kubeadm.yaml, flannel.yaml and nginx.yaml. The other nodes join all together or
# one after the other; what the cluster runs is applied before they join, so that it needn't wait for them.
set -eu

order=$1
manifests=$2
first=$3
shift 3
config=/etc/kubernetes/admin.conf

on_first() {
    docker exec -i "$first" "$@"
}

on_first sh -c 'cat >/root/kubeadm.yaml' <"$manifests/kubeadm.yaml"
on_first kubeadm init --config /root/kubeadm.yaml --ignore-preflight-errors all
cat "$manifests/flannel.yaml" "$manifests/nginx.yaml" | on_first kubectl --kubeconfig $config apply -f -
join=$(on_first kubeadm token create --print-join-command --kubeconfig $config)
options='--cri-socket unix:///run/cri-dockerd.sock --ignore-preflight-errors all'

running=
for node; do
    # shellcheck disable=SC2086 # a command line
    docker exec "$node" $join $options &
    if [ "$order" = in-turn ]; then
        wait $!
    else
        running="$running $!"
    fi
done
for id in $running; do
    wait "$id"
done
