#!/bin/bash
# Builds the wheel of this clone, as a user would, into a folder, and prints its path. Nothing is written into the clone.
set -euo pipefail
# shellcheck source=scripts/lib/setup.sh
. "$(dirname "$0")/setup.sh"
mkdir -p "$1"
folder=$(cd "$1" && pwd -P)
rm -rf "$folder/source" "$folder"/nuage_chain-*.whl
mkdir "$folder/source"
tar -C "$ROOT" --exclude=__pycache__ -cf - pyproject.toml README.md LICENSE nuage_chain systemd conflists | tar -C "$folder/source" -xf -
"$VENV/bin/python" -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation --no-index \
    -w "$folder" "$folder/source" >&2
rm -r "$folder/source"
echo "$folder"/nuage_chain-*.whl
