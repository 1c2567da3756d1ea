# Sourced by scripts/test and vagrant/: a tree of Debian packages that boots, built by the machine's own apt settings.
# The tests boot it as a node (tests/integration/systemd), the lab as a machine (vagrant/static), and the box of the
# virtual machines is made of the same packages (vagrant/box/build).
# All of it is in .venv/node, and built again only when something here has changed.

NODE=$VENV/node
NODE_PACKAGES=(systemd-sysv dbus python3 python3-venv iproute2 iputils-ping procps kmod openvswitch-switch
    ovn-central ovn-host containernetworking-plugins containerd podman runc busybox-static iperf3 openssh-server sudo)
# What their packages enable, and a machine of ours starts only where it is told to.
NODE_DISABLED=(ssh.service ovn-central.service ovn-host.service podman.socket podman.service podman-restart.service
    podman-auto-update.timer podman-auto-update.service)

install_node() {
    local suite stamp
    suite=$(debian_suite)
    stamp=$(tree_stamp)
    ! node_is_there "$stamp" || return 0
    mkdir -p "$NODE"
    exec 9>"$VENV/.node.lock"
    flock -w 600 9 || fail "Another run has been building $NODE for ten minutes; end it and try again."
    # Another run may have built it meanwhile, and booted from it.
    if ! node_is_there "$stamp"; then
        step "Test node: building it from Debian packages (about a minute)"
        rm -rf "$NODE/.stamp" "$NODE/root"
        build_tree "$suite" "$NODE/root" "${NODE_PACKAGES[@]}" >"$VENV/node.log" 2>&1 9>&- ||
            { tail -n 15 "$VENV/node.log" >&2; fail "The test node could not be built; the whole log is .venv/node.log."; }
        echo "$stamp" >"$NODE/.stamp"
    fi
    flock -u 9
    exec 9>&-
}

node_is_there() {
    [ "$(cat "$NODE/.stamp" 2>/dev/null)" = "$1" ] || return 1
    step "Test node: there"
}

# tree_stamp FILE…: changes with all that a tree is made of, and with these files.
tree_stamp() {
    {
        debian_suite
        /usr/bin/python3 --version
        sed -n '/^dependencies/,/^]/p' "$ROOT/pyproject.toml"
        cat "$ROOT/requirements.lock" "$ROOT/scripts/lib/node.sh" "$@"
    } | sha256sum
}

debian_suite() {
    local suite
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    [ -n "$suite" ] || fail "/etc/os-release does not name the Debian release, which the lab's machines are built from."
    echo "$suite"
}

# build_tree SUITE FOLDER PACKAGE…
build_tree() {
    local suite=$1 folder=$2 sources=() file
    shift 2
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
        [ ! -e "$file" ] || sources+=("$file")
    done
    mkdir -p "$(dirname "$folder")"
    apt-config dump Acquire >"$folder.apt.conf"
    mmdebstrap --variant=minbase --include="$(IFS=,; echo "$*")" \
        --aptopt="$folder.apt.conf" --aptopt='APT::Install-Recommends "false"' \
        "$suite" "$folder" "${sources[@]}" &&
        systemctl --quiet --root="$folder" disable "${NODE_DISABLED[@]}" &&
        build_tree_venv "$folder"
}

# A virtual environment with what the project needs, since a machine of the lab has no way out: only the project's own
# wheel is put there later.
build_tree_venv() {
    local tree=$1
    "$VENV/bin/python" -m pip wheel -q --disable-pip-version-check -c "$ROOT/requirements.lock" -w "$tree/wheels" "$ROOT" &&
        rm "$tree"/wheels/nuage_chain-* &&
        chroot "$tree" python3 -m venv /root/venv &&
        chroot "$tree" sh -c '/root/venv/bin/pip install -q --no-index --no-deps /wheels/*' &&
        rm -r "$tree/wheels"
}
