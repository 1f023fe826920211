# shellcheck shell=sh disable=SC2015,SC2034,SC2154
# Which verb was asked for, with which arguments; the lock and the work folder around it.

main() {
    kind=${1:-} verb=''
    case $kind in
        probe)
            probe
            return
            ;;
        preflight)
            shift
            read_arguments "$@"
            open_scratch
            report_fitness
            return
            ;;
        approve) approve_forever ;;
        keep-state)
            keep_state
            return
            ;;
        give-state)
            give_state
            return
            ;;
        snapshots | give-snapshot | copy-snapshots | list-snapshots | give-copy | care)
            shift
            read_arguments "$@"
            open_scratch
            case $kind in
                snapshots) take_snapshots ;;
                give-snapshot) give_snapshot ;;
                copy-snapshots) copy_snapshots ;;
                list-snapshots) list_snapshots ;;
                give-copy) give_copy ;;
                care) care_for_etcd ;;
            esac
            return
            ;;
        restore)
            verb=${2:-}
            case $verb in look | take | stop | put | start | back | done) ;; *)
                fail "The step restore knows no '$verb': look, take, stop, put, start, back, done." ;;
            esac
            shift 2
            read_arguments "$@"
            open_scratch
            "restore_$verb"
            return
            ;;
        recover)
            verb=${2:-}
            case $verb in look | take | leave) ;; *)
                fail "The step recover knows no '$verb': look, take, leave." ;;
            esac
            shift 2
            read_arguments "$@"
            open_scratch
            "recover_$verb"
            return
            ;;
        join)
            node=${2:-}
            shift 2
            read_arguments "node=$node" "$@"
            open_scratch
            join_token "$node"
            return
            ;;
        member)
            verb=${2:-}
            node=${3:-}
            case $verb in apply | remove) ;; *) fail "The step member knows no '$verb': apply, remove." ;; esac
            shift 3
            read_arguments "node=$node" "$@"
            open_scratch
            "${verb}_membership"
            return
            ;;
        ready)
            shift
            read_arguments "$@"
            open_scratch
            await_nodes
            return
            ;;
        rewrite-secrets)
            rewrite_secrets
            return
            ;;
        authorities)
            report_authorities
            return
            ;;
        restart-clients | old-clients)
            shift
            read_arguments "$@"
            open_scratch
            case $kind in
                old-clients) list_old_clients ;;
                *) restart_clients ;;
            esac
            return
            ;;
        release-lease)
            release_lease "${2:-}"
            return
            ;;
        found-etcd)
            found_etcd
            return
            ;;
        base | stage | credentials | control-plane | activate) verb=${2:-} ;;
        *) fail "The kit knows no step '$kind': base, stage, credentials, control-plane, activate, join, member, ready," \
            "rewrite-secrets, authorities, restart-clients, old-clients, found-etcd, release-lease, approve, keep-state, give-state," \
            "snapshots, give-snapshot, copy-snapshots, list-snapshots, give-copy, care, restore, recover, probe, preflight." ;;
    esac
    case $verb in
        check | apply | remove) ;;
        *) fail "The step $kind knows no '$verb': check, apply, remove." ;;
    esac
    shift 2
    read_arguments "$@"
    take_lock
    open_work
    "${verb}_step"
}

# Keys that the kit has no use for only make a command differ, so that its step runs again.
read_arguments() {
    node='' owner='' source='' ports='' generation='' ttl=1800
    minimum=1 patience=60 network='' nodes=0 address='' fixed='' since='' lost='' seconds=300
    folder='' keep=8 hours=0 peers='' token=''
    place='' to='' prefix='' name='' endpoint='' region='' bucket='' authority='' every='' least=''
    modules='' conflicts='' reach='' signer=1
    for argument; do
        case $argument in
            node=*) node=${argument#*=} ;;
            owner=*) owner=${argument#*=} ;;
            source=*) source=${argument#*=} ;;
            ports=*) ports=${argument#*=} ;;
            generation=*) generation=${argument#*=} ;;
            ttl=*) ttl=${argument#*=} ;;
            minimum=*) minimum=${argument#*=} ;;
            patience=*) patience=${argument#*=} ;;
            network=*) network=${argument#*=} ;;
            nodes=*) nodes=${argument#*=} ;;
            address=*) address=${argument#*=} ;;
            fixed=*) fixed=${argument#*=} ;;
            since=*) since=${argument#*=} ;;
            lost=*) lost=${argument#*=} ;;
            seconds=*) seconds=${argument#*=} ;;
            folder=*) folder=${argument#*=} ;;
            keep=*) keep=${argument#*=} ;;
            hours=*) hours=${argument#*=} ;;
            peers=*) peers=${argument#*=} ;;
            token=*) token=${argument#*=} ;;
            place=*) place=${argument#*=} ;;
            to=*) to=${argument#*=} ;;
            prefix=*) prefix=${argument#*=} ;;
            name=*) name=${argument#*=} ;;
            endpoint=*) endpoint=${argument#*=} ;;
            region=*) region=${argument#*=} ;;
            bucket=*) bucket=${argument#*=} ;;
            authority=*) authority=${argument#*=} ;;
            every=*) every=${argument#*=} ;;
            least=*) least=${argument#*=} ;;
            modules=*) modules=${argument#*=} ;;
            conflicts=*) conflicts=${argument#*=} ;;
            reach=*) reach=${argument#*=} ;;
            signer=*) signer=${argument#*=} ;;
            *=*) ;;
            *) fail "The argument '$argument' is not of the form key=value." ;;
        esac
    done
}

# Two operators must not interleave. The base has the node for itself; the other steps share the node, each alone with
# its kind, so that one operator's staging and credentials may run side by side. A killed step's children keep its lock.
take_lock() {
    mkdir -p "$run"
    exec 8>"$run/node.lock" 9>"$run/$kind.lock"
    share=-s
    [ "$kind" != base ] || share=-x
    if ! flock -n "$share" 8 || ! flock -n 9; then
        say "another run works on this node; waiting for it, 300 s at most"
        flock -w 300 "$share" 8 && flock -w 300 9 ||
            fail "Another run has been working on this node for more than 300 s (it holds $run/*.lock):" \
                "let it end, or find it by 'ps -ef | grep slipway', then run this again."
    fi
}

# For what shares a machine with any other step, and works on the API alone.
open_scratch() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    # A unit that is stopped, too: the shell ends by a signal without a word otherwise.
    trap 'exit 143' TERM
}

# Manifests may hold secrets, so the work folder is below /run, which is memory. A killed run's folder goes with the
# next run of its kind.
open_work() {
    work=$run/work.$kind
    rm -rf "$work"
    mkdir -p "$work/content"
    trap 'end_work $?' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}
