# shellcheck shell=sh disable=SC2015,SC2034,SC2086,SC2154
# Packages of the distribution, by apt.

# Never a question, the administrator's configuration files stay, and another apt is waited for (300 s).
quiet_apt() {
    (
        umask 022
        # The step's locks are not apt's: a service that a package starts must not hold them.
        exec 8>&- 9>&-
        DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -y -q -o DPkg::Lock::Timeout=300 \
            -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null
    ) >"$work/apt" 2>&1
}

differing() {
    awk -F '\t' -v what="$1" '$2 == what { print $3 }' "$work/differences"
}

installed_packages() {
    dpkg-query -W -f='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | sort
}

# wanted_packages: what differs; of packages that a file makes needless those that this release offers, while it is missing
wanted_packages() {
    awk -F '\t' 'FNR == NR { differs[$1] = $2 == "package"; next }
        $2 == "package" && ($4 ~ /^\// || differs[$1]) { print $3, $4 }' "$work/differences" "$work/index" |
        while read -r package unless; do
            case $unless in
                /*) [ -e "$root$unless" ] || ! offered "$package" || echo "$package" ;;
                *) echo "$package" ;;
            esac
        done
}

# offered PACKAGE: not so where another package only provides the name
offered() {
    if [ -n "$mirrored" ]; then
        grep -qx "Package: $1" "$mirrored"
    else
        apt-cache policy "$1" | grep -q 'Candidate: [^(]'
    fi
}

install_wanted() {
    wanted=$(wanted_packages)
    [ -z "$wanted" ] || quiet_apt install --no-install-recommends $wanted
}

apply_packages() {
    mirrored=''
    # A killed run leaves the list of what was there: what came since is ours.
    note_new_packages
    installed_packages >"$state/before/installed.new"
    mv "$state/before/installed.new" "$state/before/installed"
    # The package makes this group and leaves it when it goes.
    getent group docker >/dev/null || first_time groups docker
    [ -z "$(dpkg --audit)" ] || dpkg --configure -a >"$work/apt" 2>&1 || true
    if grep -q "${tab}archive${tab}" "$work/index"; then
        install_from_mirror
    elif [ -z "$(find /var/lib/apt/lists -name '*_Packages*' 2>/dev/null | head -n 1)" ] ||
        ! install_wanted; then
        quiet_apt update && install_wanted || {
            tail -n 15 "$work/apt" >&2
            fail "apt could not install" $wanted "on $(uname -n) (its last lines are above):" \
                "look at the node's package sources and free space, then run this again."
        }
    fi
    note_new_packages
    changed "installed" $wanted
}

# The mirror's index of packages is checked before apt sees it, and each package that apt then wants against the index.
# No other source is asked, and none is changed.
install_from_mirror() {
    system=$(field ID)-$(field VERSION_ID)
    IFS=$tab read -r path digest <<EOF
$(awk -F '\t' -v OFS='\t' -v wanted="$system" '$2 == "archive" && $3 == wanted { print $4, $5 }' "$work/index")
EOF
    case $digest in
        '' | -) fail "The mirror carries no packages of $system for $(architecture), which $(uname -n) runs, so nothing was" \
            "installed: name it in cluster.systems and cluster.architectures, and fill the mirror again." ;;
    esac
    folder=$state/packages
    rm -rf "$folder"
    mkdir -p "$folder/lists/partial"
    fetch "packages of $system" "$path" "$digest" "$folder/Packages"
    mirrored=$folder/Packages
    wanted=$(wanted_packages)
    echo "deb [trusted=yes] file:$folder ./" >"$folder/sources.list"
    mirrored_apt update && mirrored_apt install --print-uris --no-install-recommends $wanted || apt_of_mirror_failed
    sed -n "s,^'[^']*/\([^/']*\)' .*,\1,p" "$work/apt" >"$work/needed"
    awk '!stanzas { needed[$1] = 1; next }
        { name = sum = ""
          for (i = 1; i <= NF; i++) {
              if ($i ~ /^Filename: /) { name = $i; sub(/.*\//, "", name) }
              if ($i ~ /^SHA256: /) sum = substr($i, 9)
          }
          if (name in needed) print name, sum }' \
        "$work/needed" stanzas=1 RS='' FS='\n' "$folder/Packages" >"$work/debs"
    jobs='' number=0
    while read -r deb sum <&4; do
        start_job fetch "package $deb" "${path%/*}/$deb" "$sum" "$folder/$deb"
        [ "$((number % 4))" != 0 ] || wait_for_jobs
    done 4<"$work/debs"
    wait_for_jobs
    mirrored_apt install --no-install-recommends $wanted || apt_of_mirror_failed
    rm -rf "$folder"
}

mirrored_apt() {
    quiet_apt -o Dir::State::lists="$folder/lists" -o Dir::Etc::sourcelist="$folder/sources.list" \
        -o Dir::Etc::sourceparts=/dev/null -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
        -o APT::Sandbox::User=root -o APT::Update::Post-Invoke-Success::= "$@"
}

apt_of_mirror_failed() {
    tail -n 15 "$work/apt" >&2
    fail "apt could not install" $wanted "on $(uname -n) from the mirror's packages of $system (its last lines are" \
        "above): the machine may have newer ones; fill the mirror again, with \`npm run mirror -- --packages\`."
}

remove_archive() { :; }

note_new_packages() {
    [ -f "$state/before/installed" ] || return 0
    installed_packages | comm -13 "$state/before/installed" - | while read -r package; do
        first_time packages "$package"
    done
    rm "$state/before/installed"
}

apply_conflicts() {
    unwanted=$(differing conflict)
    for package in $unwanted; do
        first_time conflicts "$package"
    done
    quiet_apt remove $unwanted || {
        tail -n 15 "$work/apt" >&2
        fail "apt could not remove" $unwanted "from $(uname -n) (its last lines are above)."
    }
    changed "removed" $unwanted
}

# What stood in the way was the owner's to have: to bring it back by ourselves could fail, and start what nobody expects.
remove_conflict() { :; }

# Upgrades leave it alone until this is taken back. One that the owner holds never differs, so that it isn't recorded.
apply_hold() {
    first_time holds "$1"
    apt-mark hold "$1" >"$work/apt" 2>&1 || {
        cat "$work/apt" >&2
        fail "The package $1 could not be held on $(uname -n) (apt's lines are above)."
    }
}

remove_hold() {
    if recorded holds "$1" >/dev/null; then
        apt-mark unhold "$1" >/dev/null 2>&1 || true
        forget_record holds "$1"
    fi
}

say_conflicts() {
    [ -f "$state/before/conflicts" ] || return 0
    taken=$(paste -s -d ' ' "$state/before/conflicts")
    say "removed when this machine became a node, and not brought back: $taken ('apt-get install $taken' does that)"
}

# While other entries stay, only the package itself goes; what came with it goes in the end.
remove_package() {
    [ "$extent" = some ] || return 0
    if recorded packages "$1" >/dev/null; then
        purge "$1"
        forget_record packages "$1"
    fi
}

# purge PACKAGE…: dpkg refuses where something else has come to need one; that one stays.
purge() {
    # Below another root there is no machine of ours to take packages from.
    [ -z "$root" ] || return 0
    docker=''
    case " $* " in *' docker.io '* | *' docker-ce '*) docker=yes ;; esac
    if [ -n "$docker" ]; then
        systemctl stop docker.service docker.socket 2>/dev/null || true
        # Now, for the tools may go with it.
        remove_filter_rules 'DOCKER([- ]|$)|docker0'
        restore_forwarding
    fi
    containerd=''
    case " $* " in *' containerd '*) containerd=yes ;; esac
    [ -z "$containerd" ] || systemctl stop containerd.service 2>/dev/null || true
    (
        umask 022
        exec 8>&- 9>&-
        DEBIAN_FRONTEND=noninteractive dpkg --purge "$@" </dev/null
    ) >"$work/apt" 2>&1 || say "kept, because something else needs it:" \
        "$(sed -n 's/.*problems prevent removal of \([^:]*\):.*/\1/p' "$work/apt" | tr '\n' ' ')"
    [ -z "$docker" ] || remove_docker_data
    [ -z "$containerd" ] || remove_containerd_data
    # What systemd-tmpfiles made for it, which no purge takes away.
    [ -e /usr/sbin/haproxy ] || rmdir /run/haproxy 2>/dev/null || true
}

# purge_ours: every package that came with ours and is still there
purge_ours() {
    note_new_packages
    [ -f "$state/before/packages" ] || return 0
    sort "$state/before/packages" >"$work/ours"
    ours=$(installed_packages | comm -12 - "$work/ours" | tr '\n' ' ')
    [ -z "$ours" ] || purge $ours
}

# Docker's own purge may leave what lies on a mount.
remove_docker_data() {
    remove_mounted /var/lib/docker /run/docker
    rm -f /etc/docker/key.json
    # containerd makes the folders of the CNI when it starts.
    rmdir /etc/docker /etc/cni/net.d /etc/cni 2>/dev/null || true
    ip link delete docker0 2>/dev/null || true
    ! recorded groups docker >/dev/null || groupdel docker 2>/dev/null || true
}

# One that was there before goes on, and has images of its own.
remove_containerd_data() {
    [ -e /usr/bin/containerd ] || remove_mounted /var/lib/containerd /run/containerd
}

# remove_mounted FOLDER…
remove_mounted() {
    for folder; do
        [ -d "$folder" ] || continue
        unmount_below "$folder"
        rm -rf "$folder" 2>/dev/null || find "$folder" -mindepth 1 -delete 2>/dev/null || true
    done
}

# Docker drops what isn't for its own networks from the moment that it switches forwarding on.
restore_forwarding() {
    ! command -v iptables >/dev/null || iptables -P FORWARD "$(forwarding_before)" 2>/dev/null || true
}

forwarding_before() {
    policy=$(recorded forward policy) || policy=''
    echo "${policy:-ACCEPT}"
}
