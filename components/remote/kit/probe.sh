# shellcheck shell=sh disable=SC2154
# One line of JSON: what the node is, and what differs from what was applied. Changes nothing but the table of digests.

probe() {
    open_scratch
    : >"$work/retired"
    cat "$state"/manifests/* 2>/dev/null | awk -F '\t' -v OFS='\t' '{ $1 = NR; print }' >"$work/all" || true
    if [ -d "$state" ]; then gather "$work/all"; else : >"$work/facts"; fi
    read_certificates
    ended=''
    ! client_has_ended || ended=yes
    {
        [ ! -f "$state/owner" ] || member known true
        text_member owner "$state/owner"
        text_member node "$state/node"
        [ ! -f "$state/since" ] || member since "$(cat "$state/since")"
        [ ! -f "$state/fixed" ] || member fixed "{$(sed 's/\([^:,]*\):\([^,]*\)/"\1":"\2"/g' "$state/fixed")}"
        [ ! -f "$state/seed.db" ] || member seeded true
        member joined "$(if [ -e "$root/var/lib/kubelet/pki/kubelet-client-current.pem" ]; then echo true; else echo false; fi)"
        [ -z "$ended" ] || member ended true
        probe_certificates
        member architecture "\"$(architecture)\""
        member system "\"$(sed -n '/^PRETTY_NAME=/{s///;s/"//g;p;}' "$root/etc/os-release")\""
        member kernel "\"$(uname -r)\""
        member cpus "$(nproc)"
        member memory "$(awk '$1 == "MemTotal:" { printf "%.0f", $2 * 1024 }' /proc/meminfo)"
        member disk "$(df -P -B1 "$root/var/lib" | awk 'NR == 2 { print $4 }')"
        member versions "{$(probe_versions | paste -s -d ,)}"
        member units "{$(awk -F '\t' '$2 == "active" { printf "%s\"%s\":\"%s\"", separator, $3, $4; separator = "," }' "$work/facts")}"
        member notices "$(cat "$run"/notices/* 2>/dev/null | json_list)"
        member kinds "{$(probe_kinds)}"
        member members "{$(probe_members)}"
    } | paste -s -d , | sed 's/^/{/; s/$/}/'
}

# text_member NAME FILE: its line, where there is one
text_member() {
    [ -f "$2" ] || return 0
    read -r text <"$2" || true
    member "$1" "\"$text\""
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
    set --
    for file in "$state"/manifests/*; do
        case $file in *'*' | *.next) ;; *) set -- "$@" "$file" ;; esac
    done
    [ $# != 0 ] || return 0
    {
        for file; do
            known_generation "${file##*/}" "$state/generations/${file##*/}"
            # A step that was killed has more to do than its last manifest says.
            [ ! -f "$file.next" ] || printf 'differs\t%s\t\n' "${file##*/}"
        done
        [ -z "$ended" ] || printf 'differs\tactivate\t%s\n' "the kubelet's client certificate has ended"
        differences "$@" | awk -F '\t' -v OFS='\t' '{ sub(/.*\//, "", $5); print "differs", $5, $4 }'
    } | report_drift
}

# known_generation NAME FILE: a line for report_drift; none was written down by a step that had none
known_generation() {
    value=0
    [ ! -f "$2" ] || read -r value <"$2" || true
    printf 'of\t%s\t%s\n' "$1" "${value:-0}"
}

# report_drift: reads "of<tab>NAME<tab>GENERATION", then "differs<tab>NAME<tab>SENTENCE", where a sentence may be missing;
# writes JSON. Units come first: what restarts is never among those that aren't named.
report_drift() {
    awk -F '\t' '
        $1 == "of" { name[++count] = $2; generation[$2] = $3; next }
        { differences[$2]++ }
        $3 != "" {
            gsub(/[\\"]/, "\\\\&", $3)
            if ($3 ~ /^unit /) units[$2, ++unit[$2]] = $3
            else others[$2, ++other[$2]] = $3
        }
        END {
            for (i = 1; i <= count; i++) {
                one = name[i]; entries = ""
                for (k = 1; k <= unit[one] + other[one] && k <= 10; k++)
                    entries = entries (k > 1 ? "," : "") "\"" (k <= unit[one] ? units[one, k] : others[one, k - unit[one]]) "\""
                printf "%s\"%s\":{\"generation\":%d,\"differences\":%d,\"entries\":[%s]}",
                    (i > 1 ? "," : ""), one, generation[one] + (differences[one] > 0), differences[one], entries
            }
        }'
}
