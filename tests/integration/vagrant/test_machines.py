"""What provisioning makes of a Debian machine."""

from __future__ import annotations

import json

import pytest

from tests.integration.vagrant.lab import VSP, Host, Lab

EVERYWHERE = ("openvswitch-switch", "ovn-host", "containernetworking-plugins", "containerd", "podman", "runc")
AGENT, SOCKET = "nuage-chain-agent.service", "nuage-chain-agent.socket"
AUDIT, TIMER, OVERLAY = "nuage-chain-audit.service", "nuage-chain-audit.timer", "nuage-chain-vsp.service"
# Path, type, mode, owner.
FILES = (
    ("/usr/lib/cni/nuage-chain", "file", 0o755),
    ("/usr/local/bin/nuage-chain", "symlink", 0o777),
    ("/opt/nuage-chain/current", "symlink", 0o777),
    ("/etc/nuage-chain/config.yaml", "file", 0o600),
    ("/etc/nuage-chain/invitation", "file", 0o600),
    ("/etc/tmpfiles.d/nuage-chain.conf", "file", 0o644),
    (f"/etc/systemd/system/{TIMER}", "file", 0o644),
    ("/run/nuage-chain", "directory", 0o755),
    ("/var/lib/nuage-chain", "directory", 0o755),
    (VSP, "directory", 0o700),
    (f"{VSP}/tls/node-key.pem", "file", 0o600),
    (f"{VSP}/csproot.password", "file", 0o600),
)


@pytest.fixture(params=["node1", "node2"])
def node(lab: Lab, request: pytest.FixtureRequest) -> Host:
    return lab.hosts[request.param]


def test_there_are_a_controller_and_two_nodes(lab: Lab) -> None:
    assert list(lab.hosts) == ["controller", "node1", "node2"]
    for name, host in lab.hosts.items():
        assert host.sh("hostname").strip() == name


def test_the_packages_are_there(node: Host) -> None:
    for name in EVERYWHERE:
        assert node.infra.package(name).is_installed, name


def test_files_are_root_s_and_have_their_modes(node: Host) -> None:
    for path, kind, mode in FILES:
        found = node.infra.file(path)
        assert (found.type, oct(found.mode), found.user) == (kind, oct(mode), "root"), path


def test_the_configuration_explains_every_key_and_names_this_vsp(lab: Lab, node: Host) -> None:
    said = node.infra.file("/etc/nuage-chain/config.yaml").content_string
    assert f"ovsdb: unix:{VSP}/run/db.sock" in said
    assert "# " in said
    assert "passwordFile" in said
    address = lab.controller.infra.interface("eth1").addresses[0]
    assert f"url: https://{address}:8443" in said


def test_the_launcher_is_one_and_its_version_is_the_link_s(node: Host) -> None:
    current = node.sh("readlink", "/opt/nuage-chain/current").strip().rpartition("/")[2]
    assert node.sh("/usr/local/bin/nuage-chain", "--version") == f"nuage-chain {current.partition('+')[0]}\n"
    asked = 'echo \'{"cniVersion": "1.0.0"}\' | CNI_COMMAND=VERSION /usr/lib/cni/nuage-chain'
    assert "1.0.0" in node.json("sh", "-c", asked)["supportedVersions"]


def test_the_units_start_at_boot_and_have_started(node: Host) -> None:
    for unit in (SOCKET, TIMER, AUDIT, OVERLAY):
        assert node.infra.service(unit).is_enabled, unit
    for unit in (SOCKET, TIMER, OVERLAY):
        assert node.infra.service(unit).is_running, unit
    assert node.sh("systemctl", "--failed", "--plain", "--no-legend") == ""


def test_the_switch_of_the_distribution_leaves_the_place_to_vrs(node: Host) -> None:
    assert not node.infra.service("openvswitch-switch").is_enabled
    assert node.show("ovs-vswitchd.service", "ActiveState") == {"ActiveState": "inactive"}


def test_the_units_are_hardened(node: Host) -> None:
    for unit in (AGENT, AUDIT):
        found = node.show(unit, "NoNewPrivileges", "ProtectSystem", "CapabilityBoundingSet", "MemoryDenyWriteExecute")
        rights = set(found.pop("CapabilityBoundingSet").split())
        assert found == {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "MemoryDenyWriteExecute": "yes"}, unit
        assert not rights & {"cap_sys_module", "cap_sys_rawio", "cap_sys_boot", "cap_setuid", "cap_mknod"}, unit


def test_the_audit_s_timer_runs_every_five_minutes_and_is_due(node: Host) -> None:
    found = node.show(TIMER, "TimersCalendar", "Persistent", "NextElapseUSecRealtime")
    assert "OnCalendar=*:00/5:00" in found["TimersCalendar"]
    assert found["Persistent"] == "yes"
    assert found["NextElapseUSecRealtime"]


def test_who_listens_where(lab: Lab, node: Host) -> None:
    assert node.infra.socket("unix:///run/nuage-chain/agent.sock").is_listening
    assert node.infra.socket(f"unix://{VSP}/run/db.sock").is_listening
    assert oct(node.infra.file("/run/nuage-chain/agent.sock").mode) == "0o600"
    address = lab.controller.infra.interface("eth1").addresses[0]
    for port in (8443, 7443, 6642):
        assert lab.controller.infra.socket(f"tcp://{address}:{port}").is_listening, port


def test_the_list_is_published_and_ours_comes_after_bridge(node: Host) -> None:
    published = json.loads(node.infra.file("/etc/cni/net.d/10-nuage.conflist").content_string)
    assert [plugin["type"] for plugin in published["plugins"]] == ["bridge", "nuage-chain"]
    assert node.sh("nuage-chain", "install", "--dry-run") == "Nothing is to be done.\n"


def test_the_bridge_is_of_the_datapath_that_the_kernel_has(node: Host) -> None:
    kind = "system" if node.in_kernel else "netdev"
    assert node.vsctl("get", "bridge", "alubr0", "datapath_type") == kind
    assert node.vsctl("--bare", "--columns=role", "list", "Controller").split() == ["master"]


def test_virtual_machines_forward_in_their_kernels(lab: Lab, node: Host) -> None:
    assert node.in_kernel == lab.virtual or not lab.virtual
    if node.in_kernel:
        assert "ovs-system" in node.sh("ip", "-br", "link")


def test_a_geneve_tunnel_leads_to_each_other_machine(lab: Lab, node: Host) -> None:
    found = node.vsctl("--bare", "--columns=options", "find", "Interface", "type=geneve")
    others = {h.name: h.infra.interface("eth1").addresses or [_uplink(h)] for h in lab.nodes if h is not node}
    for name, addresses in others.items():
        assert f"remote_ip={addresses[0]}" in found.replace('"', ""), name


def _uplink(host: Host) -> str:
    return str(host.infra.interface("alubr0phy").addresses[0])


# Asks the southbound database which databases there are, as somebody without a certificate.
_STRANGER = """\
import socket, ssl, sys
with ssl._create_unverified_context().wrap_socket(socket.create_connection((sys.argv[1], 6642), 20)) as s:
    s.sendall(b'{"method": "list_dbs", "id": 0, "params": []}')
    print(s.recv(1000))
"""


def test_the_southbound_database_has_nothing_for_a_stranger(lab: Lab) -> None:
    address = lab.controller.infra.interface("eth1").addresses[0]
    _, said = lab.nodes[0].run("/usr/bin/python3", "-I", "-c", _STRANGER, address)
    assert "OVN_Southbound" not in said
    assert "CERTIFICATE_REQUIRED" in said or "HANDSHAKE_FAILURE" in said, said
