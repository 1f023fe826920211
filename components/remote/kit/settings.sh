# shellcheck shell=sh disable=SC2034
# Where things are on a node. SLIPWAY_ROOT puts a folder before every path.

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH LC_ALL=C
# kubectl caches below $HOME otherwise, and would leave that behind.
export KUBECACHEDIR=/run/slipway/kubectl
unset CDPATH
root=${SLIPWAY_ROOT:-}
state=$root/var/lib/slipway
run=$root/run/slipway
tab=$(printf '\t')
work=''
