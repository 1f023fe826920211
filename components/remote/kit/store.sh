# shellcheck shell=sh disable=SC2015,SC2034,SC2154
# A store that speaks S3, as far as copies need it: put, get, list, drop. Requests are signed here and not by curl: from 7.75
# on that signs (--aws-sigv4), but up to 7.86 without the digest that stores ask for, and so what Ubuntu 22.04 has is refused
# (curl 8810). Keys never leave the shell: what is built in is no process, and has no arguments that others could read.
# https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html

store_keys=$root/etc/etcd/store-keys
nothing_sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855

# s3_list BELOW: lines "SIZE NAME" of everything whose name starts with that
s3_list() {
    last=''
    while :; do
        # Sorted, as they are signed.
        ask_store GET '' "list-type=2&max-keys=1000&prefix=$(slashes "$1")${last:+&start-after=$(slashes "$last")}" ||
            return 1
        { tr -d '\n' <"$work/answer"; echo; } | sed 's/<Contents>/\n&/g' |
            sed -n 's/.*<Key>\([^<]*\)<\/Key>.*<Size>\([0-9]*\)<\/Size>.*/\2 \1/p; s/.*<Size>\([0-9]*\)<\/Size>.*<Key>\([^<]*\)<\/Key>.*/\1 \2/p' >"$work/page"
        cat "$work/page"
        grep -q '<IsTruncated>true<' "$work/answer" || return 0
        last=$(tail -n 1 "$work/page" | cut -d ' ' -f 2-)
        [ -n "$last" ] || return 0
    done
}

# The store takes the file only if what arrives has the digest that was signed.
s3_put() { ask_store PUT "$2" '' "$1"; }

s3_get() { ask_store GET "$1" '' '' "$2"; }

s3_drop() { ask_store DELETE "$1" ''; }

slashes() {
    echo "$1" | sed 's|/|%2F|g'
}

# ask_store METHOD NAME QUERY [FILE [INTO]]: sends FILE; the answer goes to INTO, by default $work/answer. Why something isn't
# done is in $problem.
ask_store() {
    answer=${5:-$work/answer}
    access_key=$(sed -n 's/^access-key=//p' "$store_keys" 2>/dev/null)
    secret_key=$(sed -n 's/^secret-key=//p' "$store_keys" 2>/dev/null)
    [ -n "$access_key" ] && [ -n "$secret_key" ] || {
        problem="this machine has no keys for the store $endpoint (an \`up\` brings them)"
        return 1
    }
    host=${endpoint#https://}
    # As curl names it.
    host=${host%:443}
    path=/$bucket${2:+/$2}
    moment=$(date -u +%Y%m%dT%H%M%SZ)
    scope=${moment%T*}/$region/s3/aws4_request
    digest=$nothing_sha256
    [ -z "${4:-}" ] || digest=$(sha256 <"$4")
    signed='host;x-amz-content-sha256;x-amz-date'
    request=$(printf '%s\n' "$1" "$path" "$3" "host:$host" "x-amz-content-sha256:$digest" "x-amz-date:$moment" '' "$signed" "$digest")
    request=$(printf %s "$request" | sha256)
    signature=$(printf 'AWS4-HMAC-SHA256\n%s\n%s\n%s' "$moment" "$scope" "$request" | hmac "$(signing_key)")
    store_said=$(
        {
            printf 'url = "%s%s%s"\n' "$endpoint" "$path" "${3:+?$3}"
            printf 'header = "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s"\n' \
                "$access_key" "$scope" "$signed" "$signature"
            printf 'header = "x-amz-content-sha256: %s"\nheader = "x-amz-date: %s"\n' "$digest" "$moment"
            [ -z "${authority:-}" ] || printf 'cacert = "%s"\n' "$authority"
            if [ -n "${4:-}" ]; then printf 'upload-file = "%s"\n' "$4"; else printf 'request = "%s"\n' "$1"; fi
        } | store_curl 2>"$work/curl"
    ) || {
        problem="the store $endpoint gave no answer ($(without_secrets <"$work/curl" | sed -n '/^curl: /{p;q;}'))"
        return 1
    }
    case $store_said in 2*) return 0 ;; esac
    # Nothing else of an answer: stores repeat what they were sent.
    why=$(tr -d '\000-\037' <"$answer" | sed -n 's/.*<Code>\([^<]*\)<\/Code>.*<Message>\([^<]*\)<\/Message>.*/: \1: \2/p' | cut -c 1-300)
    case $why in *"$access_key"* | *"$secret_key"*) why='' ;; esac
    problem="the store $endpoint answered $1 $path with status $store_said$why"
    return 1
}

# The configuration comes on standard input. Gives up on a store that moves less than 1000 bytes a second for a minute.
store_curl() (
    if [ -f "$state/proxies" ]; then
        set -a
        # shellcheck source=/dev/null
        . "$state/proxies"
        set +a
    fi
    exec curl -q -sS --config - --proto =https --connect-timeout 10 --speed-limit 1000 --speed-time 60 \
        -o "$answer" -w '%{http_code}'
)

signing_key() {
    step_key=$(printf 'AWS4%s' "$secret_key" | hex)
    for part in "${scope%%/*}" "$region" s3 aws4_request; do
        step_key=$(printf %s "$part" | hmac "$step_key")
    done
    echo "$step_key"
}

# hmac KEY: HMAC-SHA-256 of standard input; key and result are hexadecimal. https://www.rfc-editor.org/rfc/rfc2104
hmac() {
    padded=$1
    # 64 bytes are the digest's block.
    [ "${#padded}" -le 128 ] || padded=$(bytes "$padded" 0 | sha256)
    while [ "${#padded}" -lt 128 ]; do
        padded=${padded}00
    done
    inner=$({ bytes "$padded" 54; cat; } | sha256)
    { bytes "$padded" 92; bytes "$inner" 0; } | sha256
}

# bytes HEX NUMBER: the bytes that these digits stand for, each with the bits of NUMBER turned over
bytes() {
    digits=$1 escaped=''
    while [ -n "$digits" ]; do
        byte=$((0x${digits%"${digits#??}"} ^ $2))
        digits=${digits#??}
        escaped="$escaped\\$((byte / 64))$((byte / 8 % 8))$((byte % 8))"
    done
    # shellcheck disable=SC2059
    printf "$escaped"
}

hex() { od -An -v -tx1 | tr -d ' \n'; }

sha256() { sha256sum | cut -c 1-64; }
