"""What provisioning makes of a Debian machine."""

from __future__ import annotations

import json

import pytest

from tests.integration.vagrant.lab import VSP, Host, Lab

EVERYWHERE = ("openvswitch-switch", "ovn-host", "containernetworking-plugins", "containerd", "podman", "runc")
AGENT, SOCKET = "nuage-chain-agent.service", "nuage-chain-agent.socket"
AUDIT, TIMER, OVERLAY = "nuage-chain-audit.service", "nuage-chain-audit.timer", "nuage-chain-vsp.service"
# Mode, kind and path; all of it is root's.
FILES = f"""\
755 regular file /usr/lib/cni/nuage-chain
777 symbolic link /usr/local/bin/nuage-chain
777 symbolic link /opt/nuage-chain/current
600 regular file /etc/nuage-chain/config.yaml
600 regular file /etc/nuage-chain/invitation
644 regular file /etc/tmpfiles.d/nuage-chain.conf
644 regular file /etc/systemd/system/{TIMER}
755 directory /run/nuage-chain
755 directory /var/lib/nuage-chain
700 directory {VSP}
600 regular file {VSP}/tls/node-key.pem
600 regular file {VSP}/csproot.password
600 socket /run/nuage-chain/agent.sock
"""


@pytest.fixture(params=["node1", "node2"])
def node(lab: Lab, request: pytest.FixtureRequest) -> Host:
    return lab.hosts[request.param]


def test_there_are_a_controller_and_two_nodes(lab: Lab) -> None:
    assert list(lab.hosts) == ["controller", "node1", "node2"]
    for name, host in lab.hosts.items():
        assert host.sh("hostname").strip() == name


def test_the_packages_are_there(node: Host) -> None:
    found = node.sh("dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\\n", *EVERYWHERE)
    assert set(found.splitlines()) == {f"{name} installed" for name in EVERYWHERE}


def test_files_are_root_s_and_have_their_modes(node: Host) -> None:
    paths = [line.rpartition(" ")[2] for line in FILES.splitlines()]
    assert node.sh("stat", "--format=%a %F %n", *paths) == FILES
    assert set(node.sh("stat", "--format=%U:%G", *paths).split()) == {"root:root"}


def test_the_configuration_explains_every_key_and_names_this_vsp(lab: Lab, node: Host) -> None:
    said = node.infra.file("/etc/nuage-chain/config.yaml").content_string
    assert f"ovsdb: unix:{VSP}/run/db.sock" in said
    assert "# " in said
    assert "passwordFile" in said
    assert f"url: https://{lab.addresses['controller']}:8443" in said


def test_the_launcher_is_one_and_its_version_is_the_link_s(node: Host) -> None:
    current = node.sh("readlink", "/opt/nuage-chain/current").strip().rpartition("/")[2]
    assert node.sh("/usr/local/bin/nuage-chain", "--version") == f"nuage-chain {current.partition('+')[0]}\n"
    asked = 'echo \'{"cniVersion": "1.0.0"}\' | CNI_COMMAND=VERSION /usr/lib/cni/nuage-chain'
    assert "1.0.0" in node.json("sh", "-c", asked)["supportedVersions"]


def test_the_units_start_at_boot_and_have_started(node: Host) -> None:
    assert set(node.sh("systemctl", "is-enabled", SOCKET, TIMER, AUDIT, OVERLAY).split()) == {"enabled"}
    assert set(node.sh("systemctl", "is-active", SOCKET, TIMER, OVERLAY).split()) == {"active"}
    assert node.sh("systemctl", "--failed", "--plain", "--no-legend") == ""


def test_the_switch_of_the_distribution_leaves_the_place_to_vrs(node: Host) -> None:
    assert node.run("systemctl", "is-enabled", "openvswitch-switch.service")[1] == "disabled\n"
    assert node.show("ovs-vswitchd.service", "ActiveState") == {"ActiveState": "inactive"}


def test_the_units_are_hardened(node: Host) -> None:
    for unit in (AGENT, AUDIT):
        found = node.show(unit, "NoNewPrivileges", "ProtectSystem", "CapabilityBoundingSet", "MemoryDenyWriteExecute")
        rights = set(found.pop("CapabilityBoundingSet").split())
        assert found == {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "MemoryDenyWriteExecute": "yes"}, unit
        assert not rights & {"cap_sys_module", "cap_sys_rawio", "cap_sys_boot", "cap_setuid", "cap_mknod"}, unit


def test_the_audit_s_timer_runs_every_five_minutes_and_is_due(node: Host) -> None:
    found = node.show(TIMER, "TimersCalendar", "Persistent", "NextElapseUSecRealtime")
    assert "OnCalendar=*-*-* *:00/5:00" in found["TimersCalendar"]
    assert found["Persistent"] == "yes"
    assert found["NextElapseUSecRealtime"]


def test_who_listens_where(lab: Lab, node: Host) -> None:
    found = set(node.infra.socket.get_listening_sockets())
    assert {"unix:///run/nuage-chain/agent.sock", f"unix://{VSP}/run/db.sock"} <= found
    # The resolver's sockets are files, and nothing of a node listens for others but ssh.
    assert {name for name in found if name.startswith("tcp://") and "127.0.0" not in name and "::1" not in name} == {
        "tcp://0.0.0.0:22",
        "tcp://:::22",
    }


def test_vsd_and_the_southbound_database_listen_on_the_lab_s_network(lab: Lab) -> None:
    found = set(lab.controller.infra.socket.get_listening_sockets())
    assert {f"tcp://{lab.addresses['controller']}:{port}" for port in (8443, 7443, 6642)} <= found


def test_the_list_is_published_and_ours_comes_after_bridge(node: Host) -> None:
    published = json.loads(node.infra.file("/etc/cni/net.d/10-nuage.conflist").content_string)
    assert [plugin["type"] for plugin in published["plugins"]] == ["bridge", "nuage-chain"]
    assert node.sh("nuage-chain", "install", "--dry-run") == "Nothing is to be done.\n"


def test_the_bridge_is_of_the_datapath_that_the_kernel_has(node: Host) -> None:
    kind = "system" if node.in_kernel else "netdev"
    assert node.vsctl("get", "bridge", "alubr0", "datapath_type") == kind
    assert node.vsctl("--bare", "--columns=role", "list", "Controller").split() == ["master"]


def test_virtual_machines_forward_in_their_kernels(lab: Lab, node: Host) -> None:
    assert node.in_kernel or not lab.virtual
    assert ("ovs-system" in node.sh("ip", "-br", "link")) == node.in_kernel


def test_a_geneve_tunnel_leads_to_the_other_nodes(lab: Lab, node: Host) -> None:
    found = node.vsctl("--bare", "--columns=options", "find", "Interface", "type=geneve")
    for other in lab.nodes:
        assert (f"remote_ip={lab.addresses[other.name]}" in found.replace('"', "")) == (other is not node)


# Asks the southbound database which databases there are, as somebody without a certificate.
_STRANGER = """\
import socket, ssl, sys
with ssl._create_unverified_context().wrap_socket(socket.create_connection((sys.argv[1], 6642), 20)) as s:
    s.sendall(b'{"method": "list_dbs", "id": 0, "params": []}')
    print(s.recv(1000))
"""


def test_the_southbound_database_has_nothing_for_a_stranger(lab: Lab) -> None:
    _, said = lab.nodes[0].run("/usr/bin/python3", "-I", "-c", _STRANGER, lab.addresses["controller"])
    assert "OVN_Southbound" not in said
    assert "ssl.SSL" in said, said
