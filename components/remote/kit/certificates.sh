# shellcheck shell=sh disable=SC2154
# Which authorities are trusted here, who signed what is shown, and when a kubelet's certificates end. An authority's name
# ends with its generation: "hex-cluster-ca-g2".

kubelet_pki=/var/lib/kubelet/pki

# generations_of: of the authorities whose certificates are on standard input, one a line
generations_of() {
    openssl crl2pkcs7 -nocrl -certfile /dev/stdin 2>/dev/null | openssl pkcs7 -print_certs -noout 2>/dev/null |
        sed -n 's/^subject=.*CN *= *.*-ca-g\([0-9][0-9]*\)$/\1/p'
}

# generations_in FILE
generations_in() {
    generations_of <"$root$1" 2>/dev/null || true
}

# generation_of: of the authority that signed the certificate on standard input; nothing where that can't be told
generation_of() {
    openssl x509 -noout -issuer 2>/dev/null | sed -n 's/^issuer=.*CN *= *.*-ca-g\([0-9][0-9]*\)$/\1/p'
}

# generation_of_file FILE
generation_of_file() {
    generation_of <"$root$1" 2>/dev/null || true
}

# number_list: the numbers on standard input as JSON
number_list() {
    printf '[%s]' "$(paste -s -d ,)"
}

# certificates_in FILE…: a line for each certificate, words separated by tabs; generations are "-" where the name is none of
# ours, times are seconds since 1970:
#   FILE GENERATION SIGNER'S-GENERATION BEGINS ENDS
# One process reads all files; where one of them can't be read, each is read by itself, and that one has no certificates.
certificates_in() {
    : >"$work/shown"
    awk -v shown="$work/shown" '/^-----BEGIN CERTIFICATE/ { print FILENAME >shown; inside = 1 }
        inside { print }
        /^-----END/ { inside = 0 }' "$@" >"$work/shown.pem" 2>/dev/null || true
    openssl storeutl -noout -text -certs "$work/shown.pem" 2>/dev/null | awk -v OFS='\t' '
        function generation(name) { return name ~ /CN *= *.*-ca-g[0-9]+$/ ? substr(name, match(name, /[0-9]+$/)) : "-" }
        # "Nov 28 12:34:56 2026 GMT"; the year begins in March, so that its last day is the one that may be missing
        function seconds(text,    word, time, month, year, days) {
            split(text, word, " "); split(word[3], time, ":"); year = word[4]
            month = (index("JanFebMarAprMayJunJulAugSepOctNovDec", word[1]) + 2) / 3
            if (month < 3) { year--; month += 12 }
            days = 365 * year + int(year / 4) - int(year / 100) + int(year / 400) + int((153 * month - 457) / 5) + word[2] - 719469
            return sprintf("%.0f", days * 86400 + time[1] * 3600 + time[2] * 60 + time[3])
        }
        pass == 1 { file[NR] = $0; next }
        $1 == "Issuer:" { signer = generation($0) }
        sub(/^ *Not Before *: /, "") { begins = seconds($0) }
        sub(/^ *Not After *: /, "") { ends = seconds($0) }
        $1 == "Subject:" { print file[++count], generation($0), signer, begins, ends }' \
        pass=1 "$work/shown" pass=2 - >"$work/told"
    if [ "$(wc -l <"$work/told")" = "$(wc -l <"$work/shown")" ]; then
        cat "$work/told"
    elif [ $# != 1 ]; then
        for file; do certificates_in "$file"; done
    fi
}

# read_certificates: to $work/certificates, of whom this machine trusts and of its kubelet. A machine that has never been built has none of these
# files.
read_certificates() {
    : >"$work/certificates"
    set --
    for file in "$root/etc/kubernetes/pki/ca.crt" "$root$kubelet_pki/kubelet-client-current.pem" \
        "$root$kubelet_pki/kubelet-server-current.pem"; do
        [ ! -f "$file" ] || set -- "$@" "$file"
    done
    [ $# = 0 ] || ! command -v openssl >/dev/null || certificates_in "$@" >"$work/certificates"
}

# probe_certificates: members of the probe's JSON
probe_certificates() {
    command -v openssl >/dev/null || return 0
    [ ! -f "$root/etc/kubernetes/pki/ca.crt" ] ||
        member trusts "$(awk -F '\t' '$1 ~ /\/ca\.crt$/ && $2 != "-" { print $2 }' "$work/certificates" | number_list)"
    member kubelet "{$(awk -F '\t' 'match($1, /(client|server)-current\.pem$/) {
        printf "%s\"%s\":{\"generation\":%s,\"begins\":%s,\"ends\":%s}",
            separator, substr($1, RSTART, 6), $3 == "-" ? 0 : $3, $4, $5
        separator = ","
    }' "$work/certificates")}"
    probe_accounts
    config=$root/etc/kubernetes/pki/encryption-config.yaml
    if [ -f "$config" ]; then
        encryption=$(sed -n 's/.*name: key-\([0-9]*\).*/\1/p' "$config" 2>/dev/null | head -n 1)
        [ -z "$encryption" ] || member encryption "$encryption"
        [ -z "$encryption" ] || member writes "$(sed -n 's/.*name: key-[0-9]*-\{0,1\}\([0-9]*\).*/\1/p' "$config" | sed 's/^$/1/;q')"
    fi
    [ ! -f "$state/trusted" ] || member applied "[$(cat "$state/trusted")]"
}

# Of the keys that tokens are checked with: components/pki/secrets.ts writes the lines. An API server signs with a key once
# it was started with it, which its stamp tells.
probe_accounts() {
    keys=$root/etc/kubernetes/pki/service-account.pub
    [ -f "$keys" ] || return 0
    signs=$(sed -n 's/^# generation \([0-9]*\), signs$/\1/p' "$keys" 2>/dev/null || true)
    [ -n "$signs" ] || return 0
    since=$(stat -c %Y "$root/etc/kubernetes/pki/service-account.key" "$state/stamps/kube-apiserver.service" 2>/dev/null |
        sort -n | tail -n 1)
    member accounts "{\"signs\":$signs,\"since\":$since,\"verifies\":$(sed -n 's/^# generation \([0-9]*\).*/\1/p' "$keys" | number_list)}"
}

# is_kin OWNER OTHER: the same cluster, and an authority that this machine trusts already: one follows the other when
# they are rotated
is_kin() {
    [ "${1%%:*}" = "${2%%:*}" ] && [ -f "$root/etc/kubernetes/pki/ca.crt" ] &&
        fingerprints <"$root/etc/kubernetes/pki/ca.crt" | grep -q -x -F "${2#*:}"
}

# fingerprints: SHA-256 of the DER of each certificate on standard input, one a line
fingerprints() {
    awk '/^-----BEGIN/ { text = ""; next } /^-----END/ { print text; next } { text = text $0 }' | while read -r text; do
        echo "$text" | base64 -d | sha256sum | cut -d ' ' -f 1
    done
}

# API servers tell those behind them (metrics-server, for one) whose callers to believe, by this ConfigMap, and add to it
# only: authorities that are dropped would stay for ever.
published="-n kube-system configmap extension-apiserver-authentication"

# published_in FIELD: its certificates, on standard output
published_in() {
    # shellcheck disable=SC2086
    admin_kubectl get $published --ignore-not-found -o "go-template={{with .data}}{{index . \"$1\"}}{{end}}"
}

# withdraw_dropped: when other authorities are trusted here than before, what this machine's API server doesn't trust any
# more is published no longer. While another one still does, that one adds it again; the last of them has the last word.
# The generations are written down once the units run with them.
withdraw_dropped() {
    now=$(generations_in /etc/kubernetes/pki/ca.crt | paste -s -d ,)
    before=$(cat "$state/trusted" 2>/dev/null || echo "$now")
    if [ "$now" != "$before" ]; then
        for field in client-ca-file=/etc/kubernetes/pki/ca.crt \
            requestheader-client-ca-file=/etc/kubernetes/pki/front-proxy-ca.crt; do
            await 60 withdraw "${field%%=*}" "${field#*=}" || fail "The API doesn't let $(uname -n) take authorities that" \
                "aren't trusted any more out of the ConfigMap kube-system/extension-apiserver-authentication (60 s): look at" \
                "'journalctl -u kube-apiserver' there, then run this again."
        done
    fi
    write_state trusted "$now"
}

# withdraw FIELD FILE: publishes the authorities in the file, where others are published, too
withdraw() {
    published_in "$1" >"$work/published.pem" 2>/dev/null || return 1
    fingerprints <"$work/published.pem" >"$work/published"
    fingerprints <"$root$2" >"$work/trusted"
    grep -q -v -x -F -f "$work/trusted" "$work/published" || return 0
    awk -v field="$1" 'BEGIN { printf "{\"data\":{\"%s\":\"", field } { printf "%s\\n", $0 } END { print "\"}}" }' \
        "$root$2" >"$work/patch"
    # shellcheck disable=SC2086
    admin_kubectl patch $published --type merge --patch-file "$work/patch" >/dev/null 2>&1 || return 1
    changed "servers behind the API are told whom it trusts ($1)"
}
