# shellcheck shell=sh disable=SC2154
# One line of JSON: what the node is, and what differs from what was applied. Changes nothing but the table of digests.

probe() {
    open_scratch
    : >"$work/retired"
    cat "$state"/manifests/* 2>/dev/null | awk -F '\t' -v OFS='\t' '{ $1 = NR; print }' >"$work/all" || true
    if [ -d "$state" ]; then gather "$work/all"; else : >"$work/facts"; fi
    ended=''
    ! client_has_ended || ended=yes
    {
        [ ! -f "$state/owner" ] || member known true
        [ ! -f "$state/owner" ] || member owner "\"$(cat "$state/owner")\""
        [ ! -f "$state/node" ] || member node "\"$(cat "$state/node")\""
        [ ! -f "$state/since" ] || member since "$(cat "$state/since")"
        [ ! -f "$state/fixed" ] || member fixed "{$(tr , '\n' <"$state/fixed" | sed 's/\([^:]*\):\(.*\)/"\1":"\2"/' | paste -s -d ,)}"
        [ ! -f "$state/seed.db" ] || member seeded true
        member joined "$(if [ -e "$root/var/lib/kubelet/pki/kubelet-client-current.pem" ]; then echo true; else echo false; fi)"
        [ -z "$ended" ] || member ended true
        probe_certificates
        member architecture "\"$(architecture)\""
        member system "\"$(sed -n 's/^PRETTY_NAME=//p' "$root/etc/os-release" | tr -d '"')\""
        member kernel "\"$(uname -r)\""
        member cpus "$(nproc)"
        member memory "$(awk '$1 == "MemTotal:" { printf "%.0f", $2 * 1024 }' /proc/meminfo)"
        member disk "$(df -P -B1 "$root/var/lib" | awk 'NR == 2 { print $4 }')"
        member versions "{$(probe_versions | paste -s -d ,)}"
        member units "{$(awk -F '\t' '$2 == "active" { print "\"" $3 "\":\"" $4 "\"" }' "$work/facts" | sort -u | paste -s -d ,)}"
        member notices "$(cat "$run"/notices/* 2>/dev/null | json_list)"
        member kinds "{$(probe_kinds | paste -s -d ,)}"
        member members "{$(probe_members | paste -s -d ,)}"
    } | paste -s -d , | sed 's/^/{/; s/$/}/'
}

probe_versions() {
    for link in kubernetes=/opt/k8s/kubernetes etcd=/opt/etcd/current cri-dockerd=/opt/cri-dockerd/current \
        containerd=/opt/containerd/current; do
        # One that was moved by hand may lead nowhere.
        if [ -e "$root${link#*=}" ] && target=$(readlink "$root${link#*=}"); then
            member "${link%%=*}" "\"${target#v}\""
        fi
    done
    dpkg-query -W -f='${db:Status-Status} ${Package} ${Version}\n' docker.io docker-ce containerd containerd.io runc \
        2>/dev/null | while read -r status package version; do
        [ "$status" = installed ] || continue
        case $package in
            # Ours is the one that runs pods.
            containerd*) [ ! -L "$root/opt/containerd/current" ] || continue ;;
        esac
        case $package in
            docker.*|docker-*) package=docker ;;
            containerd*) package=containerd ;;
        esac
        member "$package" "\"$version\""
    done
}

# A step that was given generation G answers G while the node is as it was left, and G + 1 when something differs: fed
# back, it runs the step once, and settles.
probe_kinds() {
    for file in "$state"/manifests/*; do
        name=${file##*/}
        case $name in '*' | *.next) continue ;; esac
        differences "$file" >"$work/differences"
        [ "$name" != activate ] || [ -z "$ended" ] ||
            printf '0\tfile\t%s\t%s\n' "$client_certificate" "the kubelet's client certificate has ended" >>"$work/differences"
        count=$(wc -l <"$work/differences")
        generation=$(cat "$state/generations/$name" 2>/dev/null || echo 0)
        # A step that was killed has more to do than its last manifest says.
        [ ! -f "$state/manifests/$name.next" ] || count=$((count + 1))
        # Units first: what restarts is never among those that aren't named.
        cut -f 4 "$work/differences" | awk '/^unit /; !/^unit / { rest = rest $0 "\n" } END { printf "%s", rest }' |
            report_drift "$name" "$generation" "$count"
    done
}

# report_drift NAME GENERATION COUNT, with sentences on standard input
report_drift() {
    next=$2 entries=''
    if [ "$3" != 0 ]; then
        next=$(($2 + 1))
        entries=$(head -n 10 | sed 's/[\\"]/\\&/g; s/.*/"&"/' | paste -s -d ,)
    fi
    printf '"%s":{"generation":%s,"differences":%s,"entries":[%s]}\n' "$1" "$next" "$3" "$entries"
}
