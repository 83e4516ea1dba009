# What the cluster's scripts share: where one is, and how it goes. Sourced, never run.
# shellcheck shell=bash
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# All of a cluster's names begin with this: its folder, its network namespace, its cgroup.
prefix=dormer-cluster-
# Short: the path of a socket has at most 107 characters. On a disk: images and claims are in it.
clusters=/var/lib/dormer-clusters
[ "$(id -u)" = 0 ] || clusters=${XDG_RUNTIME_DIR:-/tmp}/dormer-clusters-$(id -u)

node_address=10.77.0.1
node_network=10.77.0.1/24
pods=10.88.0.0/16
services=10.96.0.0/16
first_service=10.96.0.1
dns_service=10.96.0.10

# Starts a program of the cluster in its namespaces, where it has them, and remembers it.
#   start NAME [--outside] PROGRAM ARGUMENTS…
start() {
    local name=$1
    shift
    local enter=()
    if [ "$1" = --outside ]; then
        shift
        setsid "$@" >>"$state/log/$name.log" 2>&1 </dev/null 9>&- &
        printf '%s\n' "$!" >"$state/pid/$name"
        disown
        return
    fi
    [ ! -e "/run/netns/$id" ] || enter=(nsenter --net="/run/netns/$id")
    [ ! -e "$state/pid/mounts" ] || enter+=(--mount="/proc/$(cat "$state/pid/mounts")/ns/mnt")
    setsid "${enter[@]}" "$@" >>"$state/log/$name.log" 2>&1 </dev/null 9>&- &
    printf '%s\n' "$!" >"$state/pid/$name"
    # Nobody is told when it is killed.
    disown
}

# Ends a program of the cluster and waits until it is gone.
#   finish NAME [SIGNAL]
finish() {
    local pid
    pid=$(cat "$state/pid/$1" 2>/dev/null) || return 0
    rm -f "$state/pid/$1"
    # Its number may be somebody else's by now.
    grep -qz -- "$state" "/proc/$pid/cmdline" 2>/dev/null || return 0
    kill "-${2:-KILL}" "$pid" 2>/dev/null || return 0
    local n=0
    while kill -0 "$pid" 2>/dev/null && [ "$n" -lt 100 ]; do
        sleep 0.05
        n=$((n + 1))
    done
}

# Asks until it is so. A program that ends meanwhile ends the wait.
#   await WHAT NAME SECONDS COMMAND…
await() {
    local what=$1 name=$2 limit=$((SECONDS + $3)) pid
    shift 3
    pid=$(cat "$state/pid/$name")
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$limit" ] || ! kill -0 "$pid" 2>/dev/null; then
            tail -40 "$state/log/$name.log" >&2
            die "$what did not come: see $state/log/$name.log"
        fi
        sleep 0.1
    done
}

# Takes a cluster down, whatever is left of it. Everything of it is found by its folder's name.
take_down() {
    local id=$1 state=$clusters/$1 pid n
    [ -d "$state" ] || return 0
    # Containers, too: each has a shim, which containerd does not take along.
    for n in 1 2 3 4 5; do
        for pid in $(cgroup_processes "$id") $(processes_of "$state"); do
            kill -KILL "$pid" 2>/dev/null || true
        done
        [ -n "$(cgroup_processes "$id")$(processes_of "$state")" ] || break
        sleep 0.2
    done
    ip netns delete "$id" 2>/dev/null || true
    for n in 1 2 3; do
        find /sys/fs/cgroup -depth -type d -path "*/$id*" -exec rmdir {} + 2>/dev/null || true
    done
    # Its mounts were in a namespace of their own, and went with its last process.
    rm -rf --one-file-system "$state"
}

# Everything that runs in the cgroup of a cluster.
cgroup_processes() {
    find /sys/fs/cgroup -type f -name cgroup.procs -path "*/$1/*" -exec cat {} + 2>/dev/null | sort -u
}

# Every program of a cluster that was given its folder. Others may name it, too: a person's kubectl, an editor.
processes_of() {
    local entry
    for entry in /proc/[0-9]*; do
        case "$(readlink "$entry/exe" 2>/dev/null)" in
        */kubernetes-*/* | */slirp4netns* | */tail | */coreutils | */python3*) ;;
        # Nobody's own shell: the one that makes folders for claims.
        */bash) grep -qz 'scripts/cluster/volumes.sh' "$entry/cmdline" 2>/dev/null || continue ;;
        *) continue ;;
        esac
        ! grep -qz -- "$1" "$entry/cmdline" 2>/dev/null || printf '%s\n' "${entry#/proc/}"
    done
}

# Whether who wanted a cluster is still there. One that nobody owns stays until it is taken down by name.
owned() {
    local pid began
    read -r pid began <"$clusters/$1/owner" 2>/dev/null || return 0
    [ "$pid" != 0 ] || return 0
    [ "$(began_at "$pid")" = "$began" ]
}

# When a process began, in ticks since the machine did: with its number, who it is.
began_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# What runs left that were killed.
sweep() {
    local folder
    for folder in "$clusters/$prefix"*; do
        [ -d "$folder" ] || continue
        owned "$(basename "$folder")" || {
            say "taking down $(basename "$folder"), which a killed run left behind"
            take_down "$(basename "$folder")"
        }
    done
}
