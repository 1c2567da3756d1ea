# Sourced by scripts/test and scripts/demo: brings the machine to where the project can run.
# Everything goes into .venv inside the clone, but for Debian packages, which are named when they are installed.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
VENV=$ROOT/.venv
RUN_PACKAGES=(python3 python3-venv iproute2 iputils-ping openvswitch-switch ovn-central ovn-host containernetworking-plugins)
# A client of the real libcni, built by the tests, shows that it and we can undo each other's attachments.
# iptables is what portmap and firewall call.
TEST_PACKAGES=(golang-go golang-github-appc-cni-dev busybox-static iptables)
# The tests start container runtimes of their own; those that are there already will do.
command -v runc >/dev/null || TEST_PACKAGES+=(runc)
command -v containerd >/dev/null || TEST_PACKAGES+=(containerd)
command -v dockerd >/dev/null || TEST_PACKAGES+=(docker.io)
command -v podman >/dev/null || TEST_PACKAGES+=(podman)
# A browser looks at VSD's page.
command -v chromium >/dev/null || TEST_PACKAGES+=(chromium-headless-shell)
# Nodes with a systemd of their own, and the lab that is made of them. systemd-nspawn has to be of the version of the machine's systemd, which stays as it is.
TEST_PACKAGES+=(mmdebstrap vagrant openssh-client ethtool)
command -v systemd-nspawn >/dev/null || TEST_PACKAGES+=("systemd-container$(dpkg-query -W -f '=${Version}' systemd 2>/dev/null || true)")
# Virtual machines, and the box that they start from (vagrant/).
LAB_PACKAGES=(vagrant-libvirt libvirt-daemon-system libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients
    qemu-system-x86 qemu-utils dnsmasq-base grub-pc-bin grub-common fdisk rsync)

# While packages are installed, no service starts by itself.
SERVICE_POLICY=/usr/sbin/policy-rc.d
SERVICE_POLICY_MARK="# Made while nuage-chain's set-up installs packages, by process"

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m'
else
    BOLD='' DIM='' RED='' GREEN='' PLAIN=''
fi

heading() { printf '%s%s%s\n' "$BOLD" "$*" "$PLAIN"; }
step() { printf '  %s\n' "$*"; }
fail() { printf '%s✗ %s%s\n' "$RED" "$*" "$PLAIN" >&2; exit 1; }
good() { printf '%s✓ %s%s\n' "$GREEN" "$*" "$PLAIN"; }

need_root() {
    [ "$(id -u)" = 0 ] || fail "This needs root, for network namespaces and Open vSwitch: sudo $0 $*"
}

# setup PACKAGE…: the Debian packages, the virtual environment, the CNI executable.
setup() {
    need_root
    command -v apt-get >/dev/null || fail "This sets itself up with apt-get, and there is none here (Debian 12 or later has it)."
    mkdir -p "$VENV" || fail "$VENV cannot be made."
    exec 9>"$VENV/.setup.lock"
    flock -w 600 9 || fail "Another run has been setting up $VENV for ten minutes; end it and try again."
    install_packages "$@"
    /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
        fail "/usr/bin/python3 is $(/usr/bin/python3 --version); 3.10 or later is needed."
    install_venv
    install_executable
    flock -u 9
    exec 9>&-
}

install_packages() {
    local package missing=()
    allow_services
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
    done
    if [ ${#missing[@]} = 0 ]; then
        step "Debian packages: all there"
        return
    fi
    step "Debian packages: installing ${missing[*]}"
    # A question would wait for ever, since nobody sees it.
    local -x DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null >"$VENV/apt.log" 2>&1 || step "apt-get update had complaints (see .venv/apt.log); going on with what is known"
    without_services apt-get install -y -q -o Dpkg::Options::=--force-confold --no-install-recommends --no-remove \
        "${missing[@]}" </dev/null >>"$VENV/apt.log" 2>&1 ||
        { tail -n 15 "$VENV/apt.log" >&2; fail "apt-get could not install ${missing[*]}; the whole log is .venv/apt.log."; }
    leave_disabled "${missing[@]}"
}

# Open vSwitch and OVN come with services; the project starts private ones, and the machine's own stay as they were.
without_services() {
    local status=0
    if [ ! -e "$SERVICE_POLICY" ]; then
        printf '#!/bin/sh\n%s %d\nexit 101\n' "$SERVICE_POLICY_MARK" $$ >"$SERVICE_POLICY"
        chmod 755 "$SERVICE_POLICY"
        trap allow_services EXIT
    fi
    "$@" 9>&- || status=$?
    allow_services
    trap - EXIT
    return $status
}

# Takes the policy away that this run has made, or one that was killed.
allow_services() {
    local made
    made=$(sed -n "s/^$SERVICE_POLICY_MARK //p" "$SERVICE_POLICY" 2>/dev/null) || return 0
    [ -n "$made" ] || return 0
    [ "$made" = $$ ] || [ ! -e "/proc/$made" ] || return 0
    rm -f "$SERVICE_POLICY"
}

leave_disabled() {
    local package unit
    [ -d /run/systemd/system ] || return 0
    for package in "$@"; do
        for unit in $(units_of "$package"); do
            systemctl disable --quiet "$unit" 2>/dev/null &&
                step "left $unit disabled (systemctl enable $unit starts it at boot)"
        done
    done
    return 0
}

units_of() {
    case $1 in
        openvswitch-switch | ovn-central | ovn-host | containerd) echo "$1.service" ;;
        libvirt-daemon-system)
            echo libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirtd.service libvirt-guests.service
            ;;
        docker.io) echo docker.socket docker.service ;;
        podman)
            echo podman.socket podman.service podman-restart.service
            echo podman-auto-update.timer podman-auto-update.service
            ;;
    esac
}

install_venv() {
    local stamp
    stamp=$({ echo "$ROOT"; /usr/bin/python3 --version; cat "$ROOT/pyproject.toml" "$ROOT/requirements.lock"; } | sha256sum)
    if [ "$(cat "$VENV/.stamp" 2>/dev/null)" = "$stamp" ]; then
        step "Python packages: all there"
        return
    fi
    step "Python packages: installing into .venv"
    {
        /usr/bin/python3 -m venv "$VENV" &&
            "$VENV/bin/python" -m pip install -q --disable-pip-version-check -c "$ROOT/requirements.lock" -e "$ROOT[test]"
    } >"$VENV/pip.log" 2>&1 || { tail -n 15 "$VENV/pip.log" >&2; fail "pip could not install; the whole log is .venv/pip.log."; }
    echo "$stamp" >"$VENV/.stamp"
}

# The relay, which without an agent has each call done by the interpreter of .venv.
install_executable() {
    local target=$VENV/cni/nuage-chain
    mkdir -p "$VENV/cni"
    "$VENV/bin/python" -I - >"$target.new" <<'EOF' || fail "The CNI executable could not be written."
import sys
from pathlib import Path

import nuage_chain
from nuage_chain.launcher import render

print(render(Path(sys.executable), Path(nuage_chain.__file__).parent), end="")
EOF
    chmod 755 "$target.new"
    mv "$target.new" "$target"
    step "CNI executable: .venv/cni/nuage-chain; command line: .venv/bin/nuage-chain"
}
