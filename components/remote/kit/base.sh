# shellcheck shell=sh disable=SC2154
# The first step on a node and the last: whose it is, whether it will do, the kit's own home.

# welcome: everything that must be true before anything is changed
welcome() {
    [ -n "$owner" ] || fail "The base step needs owner=CLUSTER:FINGERPRINT."
    [ -n "$source" ] || [ -f "$state/source" ] || fail "The base step needs source=PREFIX."
    refuse_other_owner
    refuse_other_name
    refuse_unfit
    install_kit
    # On a machine that is a node already they are ours.
    if [ ! -f "$state/owner" ]; then
        note_runtime_folders
        note_runtime_settings
    fi
    write_state owner "$owner"
    [ -z "$node" ] || write_state node "$node"
    [ -z "$fixed" ] || write_state fixed "$fixed"
    [ -z "$since" ] || write_state since "$since"
    [ -z "$source" ] || write_state source "$source"
}

write_state() {
    printf '%s\n' "$2" >"$state/$1.new"
    mv "$state/$1.new" "$state/$1"
}

# A cluster is its name and its CA: this cluster with another CA is one whose state was lost.
refuse_other_owner() {
    [ -f "$state/owner" ] || return 0
    theirs=$(cat "$state/owner")
    [ "$theirs" != "$owner" ] && ! is_kin "$theirs" "$owner" || return 0
    fail "The node $(uname -n) belongs to the cluster ${theirs%%:*} (CA ${theirs#*:}), not to ${owner%%:*}" \
        "(CA ${owner#*:}), so nothing was changed. Ways out:" \
        "\`slipway adopt\` brings back the state that built it, from the copy on its control planes (the CA is in there);" \
        "or restore your backup of that state;" \
        "or reset the node: sudo sh /var/lib/slipway/kit/current/step base remove"
}

# A kubelet's certificates and its Node object carry its name: under another one it is another node.
refuse_other_name() {
    [ -n "$node" ] && [ -f "$state/node" ] || return 0
    [ "$(cat "$state/node")" = "$node" ] || fail "The machine $(uname -n) is the node $(cat "$state/node") and can't" \
        "become $node, so nothing was changed. Take $(cat "$state/node") out of the configuration and run this, which" \
        "drains and cleans it; then give the machine its new name."
}

# The kit is copied from the upload to a folder that is named for its content and never changes. Old ones stay: a stored
# delete may name them. `current` is for units and for people.
install_kit() {
    hash=$(cd "$kit" && sha256sum -- * | sha256sum | cut -c 1-16)
    if [ "$kit" != "$state/kit/$hash" ]; then
        case $kit in
            */.slipway/"$hash"/kit) first_time uploads "${kit%/"$hash"/kit}" ;;
            */.slipway/*) fail "The upload $kit is not what its name says: remove it on $(uname -n) and run this again." ;;
        esac
        if [ ! -d "$state/kit/$hash" ]; then
            rm -rf "$state/kit/.new"
            mkdir -p "$state/kit/.new"
            cp "$kit"/* "$state/kit/.new/"
            mv -T "$state/kit/.new" "$state/kit/$hash"
        fi
    fi
    # Not secret, and the operator's account has to see whether a kit is there.
    chmod -R u=rwX,go=rX "$state/kit"
    if [ "$(readlink "$state/kit/current" 2>/dev/null)" != "$hash" ]; then
        ln -sfn "$hash" "$state/kit/.current"
        mv -fT "$state/kit/.current" "$state/kit/current"
    fi
}

# farewell: packages, records, kits; then the machine is as it was found.
farewell() {
    purge_ours
    restore_runtime_settings
    remove_runtime_folders
    say_conflicts
    for folder in $(tac "$state/before/parents" 2>/dev/null | cut -d ' ' -f 1); do
        rmdir "$root$folder" 2>/dev/null || true
    done
    [ ! -f "$state/before/uploads" ] || xargs rm -rf -- <"$state/before/uploads"
    rm -rf "$state" "$work" "$run"
    say "this node carries nothing of Slipway any more"
}
