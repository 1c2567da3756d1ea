# Sourced by scripts/test: what the tests boot as a node (tests/integration/systemd), built from Debian packages by the
# machine's own apt settings. All of it is in .venv/node, and built again only when something here has changed.

NODE=$VENV/node
NODE_PACKAGES=(systemd-sysv dbus python3 python3-venv iproute2 iputils-ping procps kmod openvswitch-switch
    containernetworking-plugins containerd runc)

install_node() {
    local suite stamp
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    [ -n "$suite" ] || fail "/etc/os-release does not name the Debian release, which the test node is built from."
    stamp=$({
        echo "$suite"
        /usr/bin/python3 --version
        sed -n '/^dependencies/,/^]/p' "$ROOT/pyproject.toml"
        cat "$ROOT/requirements.lock" "$ROOT/scripts/lib/node.sh"
    } | sha256sum)
    if [ "$(cat "$NODE/.stamp" 2>/dev/null)" = "$stamp" ]; then
        step "Test node: there"
        return
    fi
    step "Test node: building it from Debian packages (about a minute)"
    mkdir -p "$NODE"
    exec 9>"$VENV/.node.lock"
    flock -w 600 9 || fail "Another run has been building $NODE for ten minutes; end it and try again."
    rm -rf "$NODE/.stamp" "$NODE/root"
    { build_node_root "$suite" && build_node_venv; } >"$VENV/node.log" 2>&1 9>&- ||
        { tail -n 15 "$VENV/node.log" >&2; fail "The test node could not be built; the whole log is .venv/node.log."; }
    echo "$stamp" >"$NODE/.stamp"
    flock -u 9
    exec 9>&-
}

build_node_root() {
    local sources=() file
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
        [ ! -e "$file" ] || sources+=("$file")
    done
    apt-config dump Acquire >"$NODE/apt.conf"
    mmdebstrap --variant=minbase --include="$(IFS=,; echo "${NODE_PACKAGES[*]}")" \
        --aptopt="$NODE/apt.conf" --aptopt='APT::Install-Recommends "false"' \
        "$1" "$NODE/root" "${sources[@]}"
}

# A virtual environment with what the project needs, since a node has no network, and only the wheel is built by a test.
build_node_venv() {
    "$VENV/bin/python" -m pip wheel -q --disable-pip-version-check -c "$ROOT/requirements.lock" -w "$NODE/root/wheels" "$ROOT" &&
        rm "$NODE"/root/wheels/nuage_chain-* &&
        chroot "$NODE/root" python3 -m venv /root/venv &&
        chroot "$NODE/root" sh -c '/root/venv/bin/pip install -q --no-index --no-deps /wheels/*' &&
        rm -r "$NODE/root/wheels"
}
