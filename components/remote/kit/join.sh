# shellcheck shell=sh disable=SC2154
# Bootstrap tokens: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/

# join_token NODE: makes a token that lives $ttl seconds and prints it. It is given to kubectl on standard input, so that
# no list of processes shows it.
join_token() {
    mkdir -p "$run"
    await 60 remember_address &
    remembering=$!
    id=$(random_text 6)
    secret=$(random_text 16)
    left=60
    while ! bootstrap_secret "$1" | command /opt/k8s/kubernetes/kubectl --request-timeout=10s --kubeconfig "$admin" \
        create -f - >/dev/null 2>"$run/join.$$"; do
        left=$((left - 1))
        if [ "$left" = 0 ]; then
            without_secrets <"$run/join.$$" >&2
            rm -f "$run/join.$$"
            fail "No join token could be made for $1 on $(uname -n): does the API there answer?"
        fi
        sleep 0.5
    done
    rm -f "$run/join.$$"
    wait "$remembering" || fail "The API on $(uname -n) doesn't take the address of $1."
    printf '%s.%s\n' "$id" "$secret"
}

bootstrap_secret() {
    cat <<EOF
apiVersion: v1
kind: Secret
metadata:
  name: bootstrap-token-$id
  namespace: kube-system
type: bootstrap.kubernetes.io/token
stringData:
  description: for the node $1
  token-id: $id
  token-secret: $secret
  expiration: $(date -u -d "+$ttl seconds" +%Y-%m-%dT%H:%M:%SZ)
  usage-bootstrap-authentication: "true"
EOF
}

# random_text LENGTH: of the alphabet that tokens may have
random_text() {
    head -c 512 /dev/urandom | tr -dc a-z0-9 | cut -c "1-$1"
}
