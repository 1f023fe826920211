# shellcheck shell=sh disable=SC2154
# How a kubelet comes by its certificate, and what it and its pods leave behind.

admin=/etc/kubernetes/admin.conf
# Its server is this machine's own.
controllers=/etc/kubernetes/controller-manager.kubeconfig
bootstrap=/var/lib/kubelet/bootstrap-kubeconfig
client_certificate=/var/lib/kubelet/pki/kubelet-client-current.pem
join_limit=90

# The link is switched by the step that needs it, so the path in the version's folder is never asked for.
kubectl() {
    command /opt/k8s/kubernetes/kubectl --request-timeout=10s "$@" </dev/null
}

needs_certificate() {
    [ "$kind" = activate ] && [ ! -e "$root$client_certificate" ] &&
        grep -q "${tab}unit${tab}kubelet.service${tab}" "$work/index"
}

# The API server's address in a kubeconfig that was rendered for this node.
api_server() {
    sed -n 's/^ *server: *//p' "$1" | head -n 1 | tr -d '"'
}

# A control plane mints a token for its own kubelet; a worker's came with its credentials.
prepare_bootstrap() {
    if ! needs_certificate || [ ! -f "$admin" ]; then
        return 0
    fi
    # shellcheck disable=SC2034
    ttl=600
    token=$(join_token "$node") || exit 1
    printf '%s\n' "${token%%.*}" >"$state/bootstrap-token"
    cat >"$work/bootstrap" <<EOF
apiVersion: v1
kind: Config
clusters:
- name: bootstrap
  cluster:
    certificate-authority: /etc/kubernetes/pki/ca.crt
    server: $(api_server "$admin")
users:
- name: bootstrap
  user:
    token: $token
contexts:
- name: bootstrap
  context:
    cluster: bootstrap
    user: bootstrap
current-context: bootstrap
EOF
    put "$work/bootstrap" "$bootstrap" 0600 root:root
}

# The kubelet asks with its token; the controller-manager approves and signs.
await_certificate() {
    await "$join_limit" test -e "$client_certificate" || {
        journalctl --no-pager -q -n 20 -o cat -u kubelet.service | without_secrets >&2 || true
        fail "The kubelet of $(uname -n) has no client certificate after $join_limit s (its last lines are above):" \
            "is the API reachable from there, is the controller-manager up, has the join token expired?"
    }
}

# Once the API knows the node the token has done its work, and is nowhere any more.
finish_bootstrap() {
    [ -e "$root$bootstrap" ] && [ -e "$root$client_certificate" ] || return 0
    await "$join_limit" node_is_known ||
        fail "The API doesn't know the node $node $join_limit s after its kubelet got a certificate:" \
            "look at 'journalctl -u kubelet' on $(uname -n)."
    rm -f "$root$bootstrap"
    if [ -f "$state/bootstrap-token" ]; then
        kubectl --kubeconfig "$admin" -n kube-system delete secret --ignore-not-found \
            "bootstrap-token-$(cat "$state/bootstrap-token")" >/dev/null
        rm "$state/bootstrap-token"
    fi
    changed "node $node joined"
}

node_is_known() {
    kubectl --kubeconfig /var/lib/kubelet/kubeconfig get node "$node" -o name >/dev/null 2>&1
}

# This control plane's own API server, then the virtual address where there is one. Every certificate has the API's name,
# and on another control plane perhaps not that address yet.
await_api() {
    await_own_api
    [ -z "$endpoint" ] || await 60 api_is_ready "https://$endpoint" || {
        journalctl --no-pager -q -n 20 -o cat -u kube-api-proxy.service -u kube-api-address.service |
            without_secrets >&2 || true
        fail "The API server of $(uname -n) is ready, and nothing answers on the virtual address $endpoint after 60 s (the" \
            "last lines are above): look at 'journalctl -u kube-api-proxy -u kube-api-address' on the control planes; is" \
            "VRRP (IP protocol 112) let through between them?"
    }
}

await_own_api() {
    await 120 own_api_is_ready || {
        journalctl --no-pager -q -n 20 -o cat -u kube-apiserver.service | without_secrets >&2 || true
        fail "The API server of $(uname -n) is not ready after 120 s (its last lines are above):" \
            "look at 'journalctl -u kube-apiserver -u etcd'."
    }
}

own_api_is_ready() {
    api_is_ready "$(api_server "$controllers")"
}

# api_is_ready URL
api_is_ready() {
    server=$(api_server "$admin")
    host=${server#https://}
    kubectl --kubeconfig "$admin" --server "$1" --tls-server-name "${host%:*}" get --raw /readyz >/dev/null 2>&1
}

# await SECONDS COMMAND…: asks five times a second
await() {
    until=$(($(date +%s) + $1))
    shift
    while ! "$@"; do
        [ "$(date +%s)" -lt "$until" ] || return 1
        sleep 0.2
    done
}
