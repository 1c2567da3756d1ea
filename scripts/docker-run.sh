#!/bin/bash
# Runs a container by `docker run` in a network namespace that is joined to networks, and takes it off them when it ends.
#
#     sudo scripts/docker-run.sh --rm busybox ip address
#
# The arguments are those of `docker run`, without -d. NETCONFPATH, CNI_PATH, CNI_ARGS and DEBUG as for priv-net-run.sh.
#
# DOCKER_HOLDER_IMAGE  the image of the container that holds the namespace, by default busybox:latest
set -euo pipefail
# shellcheck source=scripts/lib/ready.sh
. "$(dirname "$(readlink -f "$0")")/lib/ready.sh"
exec "$VENV/bin/nuage-chain" docker-run "${VERBOSE[@]}" -- "$@"
