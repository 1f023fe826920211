# shellcheck shell=sh disable=SC2154
# Secrets are encrypted with the key that writes. After a new one has come each is written again, as it is.

# rewrite_secrets: the API server writes what is encrypted with another key and leaves alone what isn't. A secret that
# somebody changes or deletes meanwhile makes it look again. None of them touches a disk or a list of processes.
rewrite_secrets() {
    mkdir -p "$run"
    left=10
    until rewrite_once; do
        left=$((left - 1))
        if [ "$left" = 0 ]; then
            without_secrets <"$run/rewrite.$$" | tail -n 5 >&2
            rm -f "$run/rewrite.$$"
            fail "The secrets could not all be encrypted with the new key on $(uname -n) (kubectl's last lines are above):" \
                "both keys are there, so nothing is lost; run this again."
        fi
        sleep 0.5
    done
    rm -f "$run/rewrite.$$"
    say "the secrets are encrypted with the key that writes now"
}

rewrite_once() {
    asked=$(every_secret -o name 2>"$run/rewrite.$$") || return 1
    [ -n "$asked" ] || return 0
    every_secret -o json 2>/dev/null | command /opt/k8s/kubernetes/kubectl --request-timeout=60s --kubeconfig "$admin" \
        replace -f - >/dev/null 2>"$run/rewrite.$$"
}

every_secret() {
    command /opt/k8s/kubernetes/kubectl --request-timeout=60s --kubeconfig "$admin" get secrets --all-namespaces "$@"
}
