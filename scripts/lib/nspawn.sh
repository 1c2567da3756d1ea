#!/bin/bash
# Becomes a machine with a systemd of its own: systemd-nspawn on a tree that scripts/lib/node.sh has built, in a cgroup of
# its name. Only inside of scripts/lib/private.sh, whose end ends it.
#
#     nspawn.sh NAME TREE OPTION…
set -euo pipefail
name=$1 tree=$2
shift 2
mkdir -p "/sys/fs/cgroup/$name"
echo $$ >"/sys/fs/cgroup/$name/cgroup.procs"
exec systemd-nspawn --quiet --settings=no --boot --register=no --keep-unit --capability=all \
    --resolv-conf=off --timezone=off --console=pipe --bind=/dev/net/tun --kill-signal=SIGRTMIN+3 \
    --directory="$tree" --machine="$name" "$@"
