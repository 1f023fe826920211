# shellcheck shell=sh disable=SC2015,SC2154
# A copy of the stack's state, for the day when the operator's is lost. Its secrets are encrypted with a passphrase that
# no node ever gets. It goes with everything else in the last `base remove`.

# keep_state: base64 of gzip on standard input. A connection that breaks sends an end of file, too, and gzip notices.
keep_state() {
    [ -f "$state/owner" ] || fail "$(uname -n) belongs to no cluster of Slipway's, so it keeps no state."
    mkdir -p "$run"
    (
        flock 7
        base64 -d >"$state/state.new" && gzip -t <"$state/state.new" 2>/dev/null || {
            rm -f "$state/state.new"
            fail "The copy of the state came to $(uname -n) incomplete; the one before it stays."
        }
        mv "$state/state.new" "$state/state.json.gz"
    ) 7>"$run/state.lock"
}

# give_state: the owner in the first line, base64 in the second
give_state() {
    [ -f "$state/state.json.gz" ] || fail "$(uname -n) keeps no copy of the state."
    cat "$state/owner"
    base64 -w 0 "$state/state.json.gz"
}
