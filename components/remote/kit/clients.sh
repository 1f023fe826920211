# shellcheck shell=sh disable=SC2015,SC2016,SC2154
# Pods that use the API know its authorities from the file that was there when they began, and few look again. After
# another authority has become trusted they are replaced, each workload in its own way of rolling. Pods without that file
# don't call the API, and stay. It runs on a control plane.

# One line for each pod with that file: namespace, name, created, phase, going or -, Ready or not, what its template was
# annotated with or -, controller.
clients_template='{{range .items}}{{$has := false}}{{range .spec.volumes}}{{with .configMap}}{{if eq .name "kube-root-ca.crt"}}{{$has = true}}{{end}}{{end}}{{with .projected}}{{range .sources}}{{with .configMap}}{{if eq .name "kube-root-ca.crt"}}{{$has = true}}{{end}}{{end}}{{end}}{{end}}{{end}}{{if $has}}{{.metadata.namespace}} {{.metadata.name}} {{.metadata.creationTimestamp}} {{.status.phase}} {{with .metadata.deletionTimestamp}}going{{else}}-{{end}} {{range .status.conditions}}{{if eq .type "Ready"}}{{.status}}{{end}}{{end}}. {{with .metadata.annotations}}{{with index . "slipway.build/trusts"}}{{.}}{{else}}-{{end}}{{else}}-{{end}} {{range .metadata.ownerReferences}}{{if .controller}}{{.kind}}/{{.name}}{{end}}{{end}}{{"\n"}}{{end}}{{end}}'
sets_template='{{range .items}}{{.metadata.namespace}} {{.metadata.name}} {{range .metadata.ownerReferences}}{{if .controller}}{{.kind}}/{{.name}}{{end}}{{end}}{{"\n"}}{{end}}'

api() {
    command /opt/k8s/kubernetes/kubectl --request-timeout=60s --kubeconfig "$admin" "$@"
}

# restart_clients: until no pod is left that something can replace, $seconds at most
restart_clients() {
    await 120 bundle_is_everywhere || fail "The controller-manager has not given every namespace the authorities of" \
        "/etc/kubernetes/pki/ca.crt within 120 s (ConfigMap kube-root-ca.crt): look at 'journalctl -u" \
        "kube-controller-manager' on the control planes, then run this again."
    await 60 remember_bundle || fail "The API on $(uname -n) takes no record of when pods began to trust all" \
        "authorities: does it answer? Run this again."
    until=$(($(date +%s) + seconds))
    : >"$work/patched"
    while :; do
        ask_clients || { sleep 1; continue; }
        awk '$4 == "old" && $3 !~ /^(-|Job\/.*|Node\/.*)$/' "$work/clients" >"$work/old"
        [ -s "$work/old" ] || break
        [ "$(date +%s)" -lt "$until" ] || fail "Not all pods that use the API were replaced within $seconds s, and these may" \
            "not trust every authority yet: $(awk '{ printf "%s%s/%s (%s)", sep, $1, $2, $3; sep = ", " }' "$work/old")." \
            "'kubectl get pods -A' says why; delete them or mend their rollout, then run this again."
        roll_workloads
        evict_others
        sleep 1
    done
    awk '$4 == "old" { print $1 "/" $2 }' "$work/clients" | while read -r pod; do
        say "$pod was not replaced, for nothing would: it may not trust every authority yet"
    done
    say "pods that use the API trust every authority of the cluster"
}

# bundle_is_everywhere: new pods find in the ConfigMap of their namespace what this machine trusts
bundle_is_everywhere() {
    wanted=\"$(awk '{ printf "%s\\n", $0 }' /etc/kubernetes/pki/ca.crt)\"
    api get configmaps -A --field-selector metadata.name=kube-root-ca.crt \
        -o 'go-template={{range .items}}{{printf "%q" (index .data "ca.crt")}}{{"\n"}}{{end}}' </dev/null 2>/dev/null >"$work/bundles" &&
        [ -s "$work/bundles" ] && ! grep -q -v -x -F "$wanted" "$work/bundles"
}

# remember_bundle: a ConfigMap whose age says since when; the API's clock is that of the pods. Sets $since.
remember_bundle() {
    recorded_bundle || return 1
    [ -z "$since" ] || return 0
    api -n kube-system delete configmap slipway-trust --ignore-not-found </dev/null >/dev/null 2>&1 &&
        api -n kube-system create configmap slipway-trust --from-literal "bundle=$bundle" </dev/null >/dev/null 2>&1 &&
        recorded_bundle && [ -n "$since" ] || return 1
    # The API tells whole seconds: whatever is made from now on shall be seen to be younger.
    sleep 1.1
}

# recorded_bundle: sets $bundle, and $since, to nothing where other authorities were trusted
recorded_bundle() {
    bundle=$(sha256 </etc/kubernetes/pki/ca.crt | cut -c 1-16)
    record=$(api -n kube-system get configmap slipway-trust --ignore-not-found \
        -o 'go-template={{.data.bundle}} {{.metadata.creationTimestamp}}' </dev/null 2>/dev/null) || return 1
    since=''
    [ "${record% *}" != "$bundle" ] || since=${record#* }
}

# ask_clients: to $work/clients, for each pod "NAMESPACE NAME CONTROLLER old|new|not-ready"; a Deployment instead of its
# ReplicaSet. Times are all of one form, in UTC: they compare as texts. One of the same second counts as old, but not where
# its workload was told of these authorities.
ask_clients() {
    api get pods -A -o "go-template=$clients_template" </dev/null >"$work/pods" 2>/dev/null &&
        api get replicasets -A -o "go-template=$sets_template" </dev/null >"$work/sets" 2>/dev/null || return 1
    awk -v since="$since" -v bundle="$bundle" '
        pass == 1 { if ($3 != "") deployment[$1, "ReplicaSet/" $2] = $3; next }
        $4 == "Succeeded" || $4 == "Failed" { next }
        {
            owner = $8 == "" ? "-" : ($1, $8) in deployment ? deployment[$1, $8] : $8
            old = $7 != bundle && (since == "" || $3 <= since)
            print $1, $2, owner, $5 == "going" ? "not-ready" : old ? "old" : $6 == "True." ? "new" : "not-ready"
        }' pass=1 "$work/sets" pass=2 "$work/pods" >"$work/clients"
}

# roll_workloads: an annotation on the pods' template, equal for equal authorities, so that it may be said again
roll_workloads() {
    awk '$3 ~ /^(Deployment|DaemonSet|StatefulSet)\// { print $1, tolower(substr($3, 1, index($3, "/"))) substr($3, index($3, "/") + 1) }' \
        "$work/old" | sort -u | while read -r namespace workload; do
        ! grep -q -x -F "$namespace $workload" "$work/patched" || continue
        if api -n "$namespace" patch "$workload" --type merge -p \
            "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"slipway.build/trusts\":\"$bundle\"}}}}}" </dev/null >/dev/null 2>&1; then
            echo "$namespace $workload" >>"$work/patched"
            changed "$namespace/$workload gets new pods"
        fi
    done
}

# evict_others: of controllers that roll nothing, one pod after the other; budgets are respected
evict_others() {
    awk 'FNR == NR { if ($4 == "not-ready") waits[$1, $3] = 1; next }
        $3 !~ /^(Deployment|DaemonSet|StatefulSet)\// && !(($1, $3) in waits) && !(($1, $3) in told) { told[$1, $3] = 1; print $1, $2 }' \
        "$work/clients" "$work/old" | while read -r namespace pod; do
        printf '{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"namespace":"%s","name":"%s"}}' "$namespace" "$pod" |
            api create --raw "/api/v1/namespaces/$namespace/pods/$pod/eviction" -f - >/dev/null 2>&1 || true
    done
}

# list_old_clients: "NAMESPACE/NAME CONTROLLER" for each
list_old_clients() {
    recorded_bundle && ask_clients || fail "The API on $(uname -n) doesn't say which pods use it: does it answer?"
    awk '$4 == "old" { print $1 "/" $2, $3 }' "$work/clients"
}
