# shellcheck shell=sh disable=SC2154
# Users, kernel modules, sysctls, swap.

apply_user() {
    first_time users "$1"
    useradd --system --user-group --no-create-home --home-dir "$2" --shell /usr/sbin/nologin "$1"
}

remove_user() {
    if recorded users "$1" >/dev/null; then
        ! getent passwd "$1" >/dev/null || userdel "$1"
        forget_record users "$1"
    fi
}

# A module is loaded now and named for the next boot. It stays loaded when it is no longer wanted: others may use it.
apply_module() {
    modprobe "$1" || fail "The kernel $(uname -r) of $(uname -n) has no module $1: install the distribution's full kernel package."
    printf '%s\n' "$1" >"$work/text"
    put "$work/text" "/etc/modules-load.d/slipway-$1.conf" 0644 root:root
}

remove_module() { remove_path "/etc/modules-load.d/slipway-$1.conf"; }

sysctl_path() { echo "$root/proc/sys/$(echo "$1" | tr . /)"; }

apply_sysctl() {
    setting=$(sysctl_path "$1")
    [ -e "$setting" ] || fail "This kernel has no sysctl $1: the module that brings it is missing on $(uname -n)."
    first_time sysctls "$1 $(cat "$setting")"
    printf '%s = %s\n' "$1" "$2" >"$work/text"
    put "$work/text" "/etc/sysctl.d/90-slipway-$1.conf" 0644 root:root
    printf '%s\n' "$2" >"$setting" || fail "The sysctl $1 can't be set to $2 on $(uname -n)."
}

remove_sysctl() {
    remove_path "/etc/sysctl.d/90-slipway-$1.conf"
    if before=$(recorded sysctls "$1"); then
        printf '%s\n' "$before" >"$(sysctl_path "$1")" 2>/dev/null || true
        forget_record sysctls "$1"
    fi
}

swap_mark='#slipway# '

# Swap belongs to the kernel's owner: a container has none of its own.
swap_is_on() {
    ! systemd-detect-virt --container --quiet 2>/dev/null || return 1
    [ "$(wc -l </proc/swaps)" -gt 1 ] || grep -q '^[^#].*[[:blank:]]swap[[:blank:]]' "$root/etc/fstab" 2>/dev/null
}

apply_swap() {
    first_time swap off
    swapoff -a
    if grep -q '^[^#].*[[:blank:]]swap[[:blank:]]' "$root/etc/fstab" 2>/dev/null; then
        sed "s/^\([^#].*[[:blank:]]swap[[:blank:]]\)/$swap_mark\1/" "$root/etc/fstab" >"$work/text"
        put "$work/text" /etc/fstab "$(stat -c %a "$root/etc/fstab")" "$(stat -c %U:%G "$root/etc/fstab")"
    fi
    # Swap that is in no fstab (zram, dphys-swapfile) hangs on this target.
    systemctl mask --quiet swap.target
}

remove_swap() {
    recorded swap off >/dev/null || return 0
    if grep -q "^$swap_mark" "$root/etc/fstab" 2>/dev/null; then
        sed "s/^$swap_mark//" "$root/etc/fstab" >"$work/text"
        put "$work/text" /etc/fstab "$(stat -c %a "$root/etc/fstab")" "$(stat -c %U:%G "$root/etc/fstab")"
    fi
    systemctl unmask --quiet swap.target
    swapon -a || true
    forget_record swap off
}
