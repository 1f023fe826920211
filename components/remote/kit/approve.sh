# shellcheck shell=sh disable=SC2154
# Approves kubelets' serving certificates, which the controller-manager signs but never approves: only what a member
# asks for itself, under its own name and address. Client certificates are the controller-manager's.
# Nothing is denied: what is refused is said in the journal, and a person may still approve it.

# One line for each request: name, signer, requestor, groups, usages, decided or not, the request itself.
request_line='{{.metadata.name}}|{{.spec.signerName}}|{{.spec.username}}|{{range .spec.groups}}{{.}},{{end}}|{{range .spec.usages}}{{.}},{{end}}|{{if .status.conditions}}1{{else}}0{{end}}|{{.spec.request}}{{"\n"}}'

approve_forever() {
    command -v openssl >/dev/null || fail "There is no openssl on $(uname -n), so no request can be read: install it."
    while :; do
        # The list is read anew every five minutes: an approval that failed gets another chance.
        timeout 300 /opt/k8s/kubernetes/kubectl --kubeconfig "$admin" get csr --watch -o "go-template=$request_line" |
            while IFS='|' read -r name signer user groups usages conditions request; do
                case $signer:$conditions in
                    kubernetes.io/kubelet-serving:0) consider "$name" "$user" "$groups" "$usages" "$request" || true ;;
                esac
            done
        sleep 2
    done
}

# consider NAME REQUESTOR GROUPS USAGES REQUEST
consider() {
    if why=$(objection "$2" "$3" "$4" "$5"); then
        if command /opt/k8s/kubernetes/kubectl --kubeconfig "$admin" certificate approve "$1" >/dev/null </dev/null; then
            say "approved $1 of $2"
        else
            say "$1 of $2 is in order and could not be approved: it is tried again"
        fi
    else
        say "left alone $1 of $2: $why"
    fi
}

# objection REQUESTOR GROUPS USAGES REQUEST: what is wrong with it; succeeds when nothing is.
objection() {
    member=${1#system:node:}
    case $1 in system:node:?*) ;; *) echo "the requestor is no node" && return 1 ;; esac
    case ,$2 in *,system:nodes,*) ;; *) echo "the requestor is not in system:nodes" && return 1 ;; esac
    for usage in $(echo "$3" | tr ' ,' '_ '); do
        case $usage in
            digital_signature | key_encipherment | server_auth) ;;
            *) echo "it asks for the usage $usage" && return 1 ;;
        esac
    done
    known=$(address_of "$member")
    [ -n "$known" ] || { echo "no member is called $member" && return 1; }
    allowed=$(printf 'DNS:%s\nIP Address:%s\n' "$member" "$known")
    text=$(echo "$4" | base64 -d 2>/dev/null | openssl req -noout -verify -subject -nameopt RFC2253 -text 2>/dev/null) ||
        { echo "it can't be read" && return 1; }
    echo "$text" | grep -q -x -F "subject=CN=system:node:$member,O=system:nodes" ||
        { echo "its subject is not that of the node" && return 1; }
    names=$(echo "$text" | sed -n '/Subject Alternative Name/{n;s/^ *//;s/, /\n/g;p;}')
    [ -n "$names" ] || { echo "it names nothing" && return 1; }
    strange=$(echo "$names" | while read -r one; do echo "$allowed" | grep -q -x -F "$one" || printf '%s ' "$one"; done)
    [ -z "$strange" ] || { echo "the members' record doesn't give this node ${strange% }" && return 1; }
}
