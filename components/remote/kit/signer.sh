# shellcheck shell=sh disable=SC2015,SC2154
# New certificates for a kubelet: when another generation of the cluster's authority signs, and when its own has ended.

# client_has_ended: by this machine's clock, as the kubelet sees it, of what read_certificates found. What can't be read has
# no end.
client_has_ended() {
    awk -F '\t' -v now="$(date +%s)" '$1 ~ /client-current\.pem$/ && $5 <= now { ended = 1 } END { exit !ended }' "$work/certificates"
}

# forget_ended: a kubelet that was off for too long can ask for nothing with its certificate any more. Without one it joins
# anew, with a token, under the name that it had.
forget_ended() {
    read_certificates
    client_has_ended || return 0
    rm -f "$state/stamps/kubelet.service" "$state/stamps/kube-proxy.service" "$root$client_certificate"
    changed "the kubelet's client certificate has ended"
}

# follow_signer: a kubelet renews its certificates when they have lived for most of their time; when another generation
# signs, it gets new ones now, by the right that it renews them with. Units that use them lose their stamps first, so
# that they restart, whatever happens in between.
follow_signer() {
    for use in client server; do
        file=$kubelet_pki/kubelet-$use-current.pem
        # A kubelet that has none yet asks for one, and gets it of the generation that signs.
        [ -e "$root$file" ] || continue
        is=$(generation_of_file "$file")
        # A certificate of a stranger, which is none of ours: as long as nothing was rotated it is left alone.
        [ "$is" != "$signer" ] && { [ -n "$is" ] || [ "$signer" != 1 ]; } || continue
        command -v openssl >/dev/null || fail "There is no openssl on $(uname -n), so its kubelet gets no certificates" \
            "of the new authority: install it, then run this again."
        rm -f "$state/stamps/kubelet.service"
        [ "$use" = server ] || rm -f "$state/stamps/kube-proxy.service"
        renew_kubelet "$use" "$file"
        changed "kubelet's $use certificate is of generation $signer"
    done
}

# renew_kubelet client|server FILE
renew_kubelet() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$work/kubelet.key"
    openssl req -new -key "$work/kubelet.key" -out "$work/kubelet.csr" -config "$(request_of "$1" "$2")" 2>"$work/openssl" || {
        cat "$work/openssl" >&2
        fail "openssl on $(uname -n) makes no request for the kubelet's $1 certificate (see above)."
    }
    request=$(signing_request "$1" | own_kubectl_with_input create -f - -o name 2>"$work/create") || {
        cat "$work/create" >&2
        fail "The API takes no request for the kubelet's $1 certificate from $node (see above); it goes on with the one" \
            "that it has. Run this again."
    }
    await 120 signed "$request" ||
        fail "No certificate was signed for the kubelet of $node within 120 s ($request, $1): look at 'journalctl -u" \
            "kube-controller-manager -u kube-csr-approver' on the control planes, and run this again; it goes on with the" \
            "one that it has."
    is=$(generation_of <"$work/kubelet.crt")
    [ "$is" = "$signer" ] || fail "The certificate that $node got is of generation ${is:-?}, and generation $signer should" \
        "sign: bring every control plane to that first, then run this again."
    # As the kubelet names them.
    target=$kubelet_pki/kubelet-$1-$(date -u +%Y-%m-%d-%H-%M-%S).pem
    cat "$work/kubelet.crt" "$work/kubelet.key" >"$work/kubelet.pem"
    put "$work/kubelet.pem" "$target" 0600 root:root
    apply_link "$2" "$target"
    rm -f "$work/kubelet.key" "$work/kubelet.pem"
}

# request_of client|server FILE: openssl's description of the request; a server keeps the names that it has
request_of() {
    cat >"$work/request" <<EOF
[req]
prompt = no
distinguished_name = subject
$([ "$1" = client ] || echo 'req_extensions = names')
[subject]
O = system:nodes
CN = system:node:$node
EOF
    if [ "$1" = server ]; then
        names=$(openssl x509 -noout -ext subjectAltName <"$root$2" | sed -n '2{s/^ *//;s/IP Address:/IP:/g;s/, /,/g;p;}')
        printf '[names]\nsubjectAltName = %s\n' "$names" >>"$work/request"
    fi
    echo "$work/request"
}

signing_request() {
    kind_of_signer=kube-apiserver-client-kubelet
    [ "$1" = client ] || kind_of_signer=kubelet-serving
    cat <<EOF
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata:
  generateName: slipway-$1-
spec:
  signerName: kubernetes.io/$kind_of_signer
  request: $(base64 -w 0 "$work/kubelet.csr")
  usages: ["digital signature", "$1 auth"]
EOF
}

own_kubectl_with_input() {
    command /opt/k8s/kubernetes/kubectl --request-timeout=10s --kubeconfig /var/lib/kubelet/kubeconfig "$@"
}

# signed REQUEST: to $work/kubelet.crt
signed() {
    text=$(own_kubectl get "$1" -o 'jsonpath={.status.certificate}' 2>/dev/null) || return 1
    [ -n "$text" ] && echo "$text" | base64 -d >"$work/kubelet.crt"
}
