#!/bin/sh
# ready.sh NODES KUBECONFIG: ends when so many nodes are Ready, all of CoreDNS is, and nginx answers on its cluster
# address. Runs on the first node. The same for every way of making a cluster.
set -eu

nodes=$1
export KUBECONFIG="$2"

# A node that has just joined may not have registered yet.
tries=0
until [ "$(kubectl get nodes --no-headers | wc -l)" = "$nodes" ]; do
    tries=$((tries + 1))
    [ $tries -lt 600 ]
    sleep 0.2
done
kubectl wait --for=condition=Ready nodes --all --timeout=180s
kubectl -n kube-system rollout status deployment/coredns --timeout=180s
kubectl rollout status deployment/my-nginx --timeout=180s
address=$(kubectl get service my-nginx -o 'jsonpath={.spec.clusterIP}')
tries=0
until curl -s -f -m 2 "http://$address/" | grep -q 'Welcome to nginx'; do
    tries=$((tries + 1))
    [ $tries -lt 300 ]
    sleep 0.1
done
