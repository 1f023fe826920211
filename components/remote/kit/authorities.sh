# shellcheck shell=sh disable=SC2154
# What a rotation asks of a machine before it goes on.

# report_authorities: as JSON, which generations are trusted here, which one signs, and of which one is everything that is
# shown: by files, and by whoever listens.
report_authorities() {
    command -v openssl >/dev/null || fail "There is no openssl on $(uname -n), so its certificates can't be read: install it."
    {
        member trusts "{$(
            {
                trusted_in cluster /etc/kubernetes/pki/ca.crt
                trusted_in etcd /etc/etcd/pki/ca.crt
                trusted_in front-proxy /etc/kubernetes/pki/front-proxy-ca.crt
            } | paste -s -d ,
        )}"
        [ ! -f "$root/etc/kubernetes/pki/signer.crt" ] ||
            member signer "$({ generations_in /etc/kubernetes/pki/signer.crt; echo 0; } | head -n 1)"
        member shows "{$({
            shown_in_files
            shown_by_listeners
        } | paste -s -d ,)}"
        [ ! -f "$root$admin" ] || member published "$(
            {
                published_in client-ca-file
                published_in requestheader-client-ca-file
            } 2>/dev/null | generations_of | sort -n -u | number_list
        )"
        [ ! -f "$root$admin" ] || member nodes "$(admin_kubectl get nodes -o name 2>/dev/null | sed 's|^node/||' | json_list)"
        [ ! -f "$root$admin" ] || member lasting "$(lasting_tokens 2>/dev/null | json_list)"
    } | paste -s -d , | sed 's/^/{/; s/$/}/'
}

# trusted_in AUTHORITY FILE
trusted_in() {
    [ ! -f "$root$2" ] || member "$1" "$(generations_in "$2" | number_list)"
}

# "FILE": GENERATION, for each certificate that one of the authorities signed; 0 where that can't be told
shown_in_files() {
    for file in "$root$kubelet_pki/kubelet-client-current.pem" "$root$kubelet_pki/kubelet-server-current.pem" \
        "$root"/etc/kubernetes/pki/*.crt "$root"/etc/etcd/pki/*.crt; do
        [ -f "$file" ] || continue
        case ${file##*/} in ca.crt | front-proxy-ca.crt | signer.crt) continue ;; esac
        is=$(generation_of <"$file")
        member "${file#"$root"}" "${is:-0}"
    done
    if [ -f "$root$admin" ]; then
        is=$(sed -n 's/^ *client-certificate-data: *//p' "$root$admin" | tr -d '"' | base64 -d | generation_of)
        member "$admin" "${is:-0}"
    fi
}

# "HOST:PORT (WHO)": GENERATION
shown_by_listeners() {
    listener 127.0.0.1:10250 kubelet
    [ -f "$root$admin" ] || return 0
    server=$(api_server "$admin")
    listener "127.0.0.1:${server##*:}" kube-apiserver
    listener 127.0.0.1:2379 etcd
    peer=$(sed -n 's|^ETCD_LISTEN_PEER_URLS=.*https://\([^"]*\).*|\1|p' /etc/kubernetes/etcd.conf)
    [ -z "$peer" ] || listener "$peer" "etcd for its peers"
}

# listener HOST:PORT WHO
listener() {
    is=$(timeout 10 openssl s_client -connect "$1" </dev/null 2>/dev/null | generation_of)
    member "$1 ($2)" "${is:-0}"
}

# lasting_tokens: Secrets with a service account's token that never ends, "NAMESPACE/NAME"
lasting_tokens() {
    admin_kubectl get secrets -A --field-selector type=kubernetes.io/service-account-token \
        -o 'go-template={{range .items}}{{.metadata.namespace}}/{{.metadata.name}} {{.metadata.creationTimestamp}}{{"\n"}}{{end}}'
}
