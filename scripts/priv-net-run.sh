#!/bin/bash
# Runs a command in a private network namespace that is joined to networks, and removes all of it when the command ends.
#
#     sudo scripts/priv-net-run.sh COMMAND…
#
# NETCONFPATH  the networks: a folder of lists and single configurations, by default /etc/cni/net.d
# CNI_PATH     the folders of plugins, by default this project's, /opt/cni/bin and /usr/lib/cni
# CNI_ARGS     what a runtime passes about a workload, as in NUAGE_SUBNET=api
# DEBUG=1      shows the results of the plugins, on stderr
#
# Options of `nuage-chain run` may stand before the command; --help lists them.
set -euo pipefail
# shellcheck source=scripts/lib/ready.sh
. "$(dirname "$(readlink -f "$0")")/lib/ready.sh"
exec "$VENV/bin/nuage-chain" run "${VERBOSE[@]}" "$@"
