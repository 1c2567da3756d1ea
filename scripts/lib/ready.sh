# Sourced by priv-net-run.sh and docker-run.sh: sets the project up where it is not, and is silent where it is.
# Standard output is the command's own, so everything here speaks on standard error.

# shellcheck source=scripts/lib/setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh" >&2

if ! [ -x "$VENV/bin/nuage-chain" ] || ! [ -x "$VENV/cni/nuage-chain" ]; then
    heading 'Setting up' >&2
    setup "${RUN_PACKAGES[@]}" >&2
fi

VERBOSE=()
case ${DEBUG:-0} in 0) ;; *) VERBOSE=(-vv) ;; esac
