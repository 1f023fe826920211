#!/bin/sh
# Checks every shell file of the product. On Debian and Ubuntu root gets shellcheck itself.
set -eu
cd "$(dirname "$0")/.."
if ! command -v shellcheck >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get install -y -qq shellcheck >/dev/null || { apt-get update -qq && apt-get install -y -qq shellcheck >/dev/null; }
    else
        echo "shellcheck is missing: install it from your distribution (https://www.shellcheck.net)." >&2
        exit 1
    fi
fi
git ls-files | while read -r file; do
    case $(head -c 64 "$file" | head -n 1) in
        '#!/bin/sh'* | '# shellcheck shell=sh'*) echo "$file" ;;
    esac
done | xargs shellcheck -x -P components/remote/kit
