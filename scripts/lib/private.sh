#!/bin/bash
# Runs a command where nothing of the machine can be touched, and nothing can be left behind: its own network, process,
# mount and cgroup namespaces. When the first process ends, killed or not, the kernel ends all others, and the
# namespaces' interfaces, mounts and files are gone with them.
#
#     private.sh [--stay] COMMAND…
#
# It all ends with the process that called it, too, unless --stay is given.
# /etc, /opt and /var/lib can be written to, on a layer in memory; /run, /mnt and /dev/shm are empty. /sys/fs/cgroup is an
# own branch of the unified hierarchy, where container runtimes make what they need. A clone below one of these is there.
set -euo pipefail

# The unified hierarchy as the current cgroup namespace sees it; the kernel refuses to mount it over itself.
mount_cgroups() {
    while [ -e /sys/fs/cgroup/cgroup.procs ]; do umount /sys/fs/cgroup || return; done
    mount -t cgroup2 private /sys/fs/cgroup
}

# The kernel does not remove cgroups: this waits, outside of it all, for the end of whoever holds standard input.
if [ "${1:-}" = --remove-cgroups ]; then
    trap '' INT TERM HUP
    cat >/dev/null
    mount_cgroups
    for _ in {1..100}; do
        find "/sys/fs/cgroup$2" -depth -type d -exec rmdir {} \; || true
        [ -e "/sys/fs/cgroup$2" ] || exit 0
        sleep 0.1
    done
    exit 1
fi

if [[ "${1:-}" != --inside* ]]; then
    case ${1:-} in
        --stay | --with-caller) shift ;;
        *) exec setpriv --pdeathsig KILL "$0" --with-caller "$@" ;;
    esac
    cgroup=$(sed -n 's/^0:://p' /proc/self/cgroup)
    cgroup=${cgroup%/}/nuage-chain-$$
    exec 7> >(exec setsid unshare --mount "$0" --remove-cgroups "$cgroup" >/dev/null 2>&1)
    # No exec: unshare ignores a TERM, this shell ends by it, and what is below ends with this shell.
    status=0
    setpriv --pdeathsig KILL \
        unshare --mount --net --pid --fork --kill-child --mount-proc "$0" --inside "$cgroup" "$@" || status=$?
    exit $status
fi

# The first process of the new cgroup namespace sees the cgroup that it is in as the root of all.
if [ "$1" = --inside ]; then
    cgroup=/sys/fs/cgroup$2
    shift 2
    if (mount_cgroups && mkdir "$cgroup" && echo $$ >"$cgroup/cgroup.procs") 2>/dev/null; then
        exec unshare --cgroup "$0" --inside-cgroup "$@"
    fi
else
    shift
    mount_cgroups
    # A cgroup with processes of its own may give its branches no controllers.
    mkdir /sys/fs/cgroup/init
    echo $$ >/sys/fs/cgroup/init/cgroup.procs
fi

clone=$(cd "$(dirname "$0")/../.." && pwd -P)
exec {open}<"$clone"
mount -t tmpfs -o mode=755 private /mnt
mkdir -p /mnt/.layers /mnt/tmp
chmod 1777 /mnt/tmp
for folder in /etc /opt /var/lib; do
    layer=/mnt/.layers/${folder//\//-}
    mkdir -p "$layer/upper" "$layer/work"
    mount -t overlay -o "lowerdir=$folder,upperdir=$layer/upper,workdir=$layer/work" private "$folder"
done
mount -t tmpfs -o mode=755 private /run
mount -t tmpfs -o mode=1777 private /dev/shm
if [ ! -d "$clone" ]; then
    mkdir -p "$clone"
    mount --no-canonicalize --bind "/proc/self/fd/$open" "$clone"
fi
exec {open}<&-
ip link set lo up
export TMPDIR=/mnt/tmp NUAGE_CHAIN_PRIVATE=1
# Job control, since a command that is started in the background without it ignores Ctrl-C.
set -m
"$@" 7>&- &
child=$!
# The first process of a namespace gets only the signals that it has handlers for.
trap 'kill -TERM $child 2>/dev/null' TERM HUP
trap 'kill -INT $child 2>/dev/null' INT
while :; do
    status=0
    wait $child || status=$?
    kill -0 $child 2>/dev/null || exit $status
done
