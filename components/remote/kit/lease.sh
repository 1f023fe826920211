# shellcheck shell=sh disable=SC2154
# Leases of daemons that elect a leader.

# release_lease NAME: of a daemon of this machine that has stopped, so that nobody waits until it runs out
release_lease() {
    holder=$(lease_kubectl get lease "$1" -o 'jsonpath={.spec.holderIdentity}' 2>/dev/null) || return 0
    case $holder in
        "$(uname -n)_"*) lease_kubectl patch lease "$1" --type merge -p '{"spec":{"holderIdentity":""}}' >/dev/null ;;
    esac
}

lease_kubectl() {
    command /opt/k8s/kubernetes/kubectl --request-timeout=2s --kubeconfig "$admin" -n kube-system "$@" </dev/null
}
