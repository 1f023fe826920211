# shellcheck shell=sh disable=SC2086,SC2154
# What runs containers, docker or containerd: the same words for both, the runtime's name first.

cri_containerd=/run/cri-containerd
cri_registries=/etc/containerd/certs.d

# cri_unit RUNTIME: the unit that the kubelet asks
cri_unit() {
    echo "cri-$1.service" | sed 's/docker/dockerd/'
}

containerd_ctr() {
    /opt/containerd/current/ctr -a $cri_containerd/containerd.sock -n k8s.io --connect-timeout 5s "$@"
}

# has_runtime RUNTIME
has_runtime() {
    case $1 in
        docker) command -v docker >/dev/null ;;
        containerd) [ -x "$root/opt/containerd/current/ctr" ] ;;
    esac
}

# runtime_version RUNTIME: something that is another word for another version of it
runtime_version() {
    case $1 in
        docker) stat -L -c %s-%Y "$(command -v dockerd)" 2>/dev/null || true ;;
        containerd) readlink "$root/opt/containerd/current" || true ;;
    esac
}

# runtime_images RUNTIME REFERENCE…: lines "REFERENCE ID", words separated by tabs, of those that are there
runtime_images() {
    if [ "$1" = docker ]; then
        shift
        docker image inspect -f '{{$id := .Id}}{{range .RepoTags}}{{.}}{{"\t"}}{{$id}}{{"\n"}}{{end}}' "$@" \
            2>/dev/null | sed '/^$/d' || true
    else
        shift
        [ -S $cri_containerd/containerd.sock ] || return 0
        containerd_ctr images list 2>/dev/null | awk 'NR > 1 { print $1 "\t" $3 }' >"$work/all-images" || true
        for reference; do
            awk -F '\t' -v OFS='\t' -v short="$reference" -v full="$(full_name "$reference")" \
                '$1 == full { print short, $2 }' "$work/all-images"
        done
    fi
}

# full_name REFERENCE: as containerd has it: nginx:1 is docker.io/library/nginx:1
full_name() {
    case $1 in
        */*)
            case ${1%%/*} in
                *.* | *:* | localhost) echo "$1" ;;
                *) echo "docker.io/$1" ;;
            esac
            ;;
        *) echo "docker.io/library/$1" ;;
    esac
}

# load_image_file RUNTIME ARCHIVE
load_image_file() {
    case $1 in
        docker) docker load -q -i "$2" ;;
        containerd) containerd_ctr images import --local "$2" ;;
    esac
}

# pull_image RUNTIME REFERENCE
pull_image() {
    case $1 in
        docker) docker pull -q "$2" ;;
        containerd) containerd_ctr images pull --local --hosts-dir "$cri_registries" "$(full_name "$2")" ;;
    esac
}

# drop_image RUNTIME REFERENCE: one that a container still uses may stay
drop_image() {
    case $1 in
        docker) docker image rm "$2" ;;
        containerd) [ ! -S $cri_containerd/containerd.sock ] || containerd_ctr images remove --sync "$(full_name "$2")" ;;
    esac >/dev/null 2>&1 || true
}

# run_proof RUNTIME REFERENCE ARGUMENTS: a container without network that goes when it has ended
run_proof() {
    drop_proof "$1"
    case $1 in
        docker) timeout 60 docker run --rm --name slipway-proof --network none "$2" $3 ;;
        containerd) timeout 60 /opt/containerd/current/ctr -a $cri_containerd/containerd.sock -n k8s.io \
            run --rm "$(full_name "$2")" slipway-proof $3 ;;
    esac
}

drop_proof() {
    case $1 in
        docker) docker rm -f slipway-proof ;;
        containerd)
            containerd_ctr tasks delete --force slipway-proof
            containerd_ctr containers delete slipway-proof
            ;;
    esac >/dev/null 2>&1 || true
}

# remove_pods_of RUNTIME: every pod's containers, while nothing starts new ones
remove_pods_of() {
    has_runtime "$1" || return 0
    "remove_pods_of_$1"
}

remove_pods_of_docker() {
    pods=$(docker ps -aq --filter label=io.kubernetes.pod.uid 2>/dev/null || true)
    [ -z "$pods" ] || docker rm -f $pods >/dev/null 2>&1 || true
}

# This containerd has nothing but pods, and goes with them: runc ends them, then their shims, mounts and networks go.
remove_pods_of_containerd() {
    systemctl stop cri-containerd.service 2>/dev/null || true
    for container in $(runc --root $cri_containerd/runc/k8s.io list -q 2>/dev/null || true); do
        runc --root $cri_containerd/runc/k8s.io delete --force "$container" >/dev/null 2>&1 || true
    done
    for process in /proc/[0-9]*; do
        case $(tr '\0' ' ' <"$process/cmdline" 2>/dev/null || true) in
            *containerd-shim-runc-v2*" -address $cri_containerd/"*) kill -9 "${process#/proc/}" 2>/dev/null || true ;;
        esac
    done
    unmount_below $cri_containerd
    unmount_below /var/lib/cri-containerd
    for name in /run/netns/cni-*; do
        [ -e "$name" ] || continue
        umount "$name" 2>/dev/null || true
        rm -f "$name"
    done
}

# remove_data_of RUNTIME: docker's goes with its package
remove_data_of() {
    [ "$1" = containerd ] || return 0
    rm -rf $cri_containerd /var/lib/cri-containerd
    # Where every containerd has its shims' sockets.
    rmdir /run/containerd/s /run/containerd/fifo /run/containerd 2>/dev/null || true
}
