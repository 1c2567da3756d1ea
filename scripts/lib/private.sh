#!/bin/bash
# Runs a command where nothing of the machine can be touched, and nothing can be left behind: its own network, process
# and mount namespaces. When the first process ends, killed or not, the kernel ends all others, and the namespaces'
# interfaces, mounts and files are gone with them.
#
#     private.sh [--stay] COMMAND…
#
# It all ends with the process that called it, too, unless --stay is given.
# /etc and /var/lib can be written to, on a layer in memory; /run and /mnt are empty.
set -euo pipefail

if [ "${1:-}" != --inside ]; then
    with_caller=(setpriv --pdeathsig KILL)
    [ "${1:-}" != --stay ] || { with_caller=(); shift; }
    exec "${with_caller[@]}" unshare --mount --net --pid --fork --kill-child --mount-proc "$0" --inside "$@"
fi
shift

mount -t tmpfs -o mode=755 private /mnt
mkdir -p /mnt/.layers /mnt/tmp
chmod 1777 /mnt/tmp
for folder in /etc /var/lib; do
    layer=/mnt/.layers/${folder//\//-}
    mkdir -p "$layer/upper" "$layer/work"
    mount -t overlay -o "lowerdir=$folder,upperdir=$layer/upper,workdir=$layer/work" private "$folder"
done
mount -t tmpfs -o mode=755 private /run
ip link set lo up
export TMPDIR=/mnt/tmp NUAGE_CHAIN_PRIVATE=1
# Job control, since a command that is started in the background without it ignores Ctrl-C.
set -m
"$@" &
child=$!
# The first process of a namespace gets only the signals that it has handlers for.
trap 'kill -TERM $child 2>/dev/null' TERM HUP
trap 'kill -INT $child 2>/dev/null' INT
while :; do
    status=0
    wait $child || status=$?
    kill -0 $child 2>/dev/null || exit $status
done
