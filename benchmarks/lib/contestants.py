"""Who is measured: lists of plugins, each with what a runtime would do with it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.lib import agent
from benchmarks.lib.objects import Objects
from benchmarks.lib.standin import port_of
from benchmarks.lib.switch import Node
from nuage_chain.cni.runtime import conflist, execute
from nuage_chain.cni.runtime.conflist import Network, Plugin
from nuage_chain.errors import BadConfig

OURS = "nuage-chain"
REFERENCE = "bridge+host-local"
# The same list, done by the executable itself.
ALONE = f"{OURS} without agent"
BUILT_IN = ("bridge", "bridge+tuning", REFERENCE, OURS, ALONE)
REFERENCE_BIN = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
STATUS_SINCE = "1.1.0"


@dataclass(frozen=True)
class Contestant:
    """A list under a name. check, status: what of it CHECK and STATUS are called on; None for neither.

    delay: milliseconds after which its VSD answers. environment: of its processes, besides the CNI variables.
    """

    name: str
    network: Network
    folders: Sequence[Path]
    check: Network | None
    status: Network | None
    delay: int = 0

    @property
    def ours(self) -> bool:
        """Whether our plugin is in the list."""
        return any(plugin.type == OURS for plugin in self.network.plugins)


def agent_socket(scratch: Path) -> Path:
    """Where our executable looks for the agent."""
    return scratch / "agent.sock"


def state(folder: Path) -> Path:
    """Where our plugin keeps its journal and its traces: below a folder that is on a disk, as on a node."""
    return folder / ".state"


def built_in(node: Node, scratch: Path, disk: Path, delay: int = 0) -> list[Contestant]:
    """The reference plugins, and the chain of bridge, host-local and ours, with an agent and without.

    scratch: for configuration, leases and our executable. disk: a folder that is on a disk.
    """
    bridge = {"type": "bridge", "bridge": "bench0"}
    leased = bridge | {"ipam": host_local(scratch)}
    ours = {"type": OURS, "configFile": str(config(node, scratch, disk, delay))}
    ours |= dict(zip(("enterprise", "domain", "zone", "subnet"), Objects.NAMES.values(), strict=True))
    tuning = {"type": "tuning", "sysctl": {"net.ipv4.conf.all.log_martians": "1"}}
    folders = list(REFERENCE_BIN)
    with_agent = agent.install(scratch / "bin", agent_socket(scratch))
    without = agent.install(scratch / "bin-alone", scratch / "nobody.sock")
    return [
        # Without IPAM the reference bridge fails its CHECK ("no plugin name provided").
        replace(_contestant("bridge", [bridge | {"ipam": {}}], folders), check=None),
        replace(_contestant("bridge+tuning", [bridge | {"ipam": {}}, tuning], folders), check=None),
        _contestant(REFERENCE, [leased], folders),
        _contestant(OURS, [leased, ours], [with_agent, *folders], delay=delay, disable_check=True),
        _contestant(ALONE, [leased, ours], [without, *folders], delay=delay, disable_check=True),
    ]


def peer(argument: str, scratch: Path) -> Contestant:
    """NAME=CONFLIST[:BIN_DIR] of the command line. `@SCRATCH@` in the list becomes a folder that goes with the run.

    Raises BadConfig, IOFailure.
    """
    name, equals, files = argument.partition("=")
    path, _, folder = files.partition(":")
    if not (name and equals and path):
        raise BadConfig(f"--peer {argument!r} is not of the form NAME=CONFLIST[:BIN_DIR].")
    raw = Path(path).read_text(encoding="utf-8").replace("@SCRATCH@", str(scratch / name))
    folders = [*([Path(folder)] if folder else []), *REFERENCE_BIN]
    return _prepared(name, conflist.parse(raw.encode(), Path(path)), folders)


def host_local(scratch: Path) -> dict[str, Any]:
    """An `ipam` entry whose range is that of the subnet in VSD."""
    subnet = {"subnet": f"{Objects.NETWORK}/12", "rangeStart": "10.96.1.1", "rangeEnd": "10.100.255.254"}
    return {
        "type": "host-local",
        "dataDir": str(scratch / "leases"),
        "ranges": [[subnet | {"gateway": Objects.GATEWAY}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }


def config(node: Node, scratch: Path, disk: Path, delay: int) -> Path:
    """Our configuration for the VSD that answers after so many milliseconds."""
    path, password = scratch / f"config-{delay}.yaml", scratch / "password"
    password.write_text("benchmark\n")
    vsd = {"url": f"https://127.0.0.1:{port_of(delay)}", "user": "csproot", "passwordFile": str(password)}
    vsd["ca"] = str(node.layout.vsd / "tls" / "ca.pem")
    # JSON is YAML too.
    values = {"ovsdb": node.ovsdb, "activation": "split", "vsd": vsd}
    path.write_text(json.dumps(values | {"stateDir": str(state(disk)), "runDir": str(scratch / "own")}))
    return path


def _contestant(
    name: str, plugins: list[dict[str, Any]], folders: Sequence[Path], *, delay: int = 0, disable_check: bool = False
) -> Contestant:
    # Each a network of its own, so that no lease and no cached result of one is another's.
    network = name.replace("+", ".").replace(" ", "-")
    whole = {"cniVersion": "1.0.0", "name": network, "disableCheck": disable_check, "plugins": plugins}
    parsed = conflist.parse(json.dumps(whole).encode(), Path(f"{network}.conflist"))
    return replace(_prepared(name, parsed, folders), delay=delay)


def _prepared(name: str, network: Network, folders: Sequence[Path]) -> Contestant:
    """With what CHECK and STATUS are called on: after `bridge` in a list that moves its port, our step alone."""
    check = replace(network, plugins=network.plugins[1:], disable_check=False) if network.disable_check else network
    able = tuple(p for p in network.plugins if STATUS_SINCE in _versions(execute.find_plugin(p.type, folders)))
    status = replace(network, plugins=able, version=STATUS_SINCE) if able else None
    return Contestant(name, network, folders, check if check.plugins else None, status)


def _versions(program: Path) -> list[str]:
    """What the plugin says to VERSION."""
    done = subprocess.run(
        [program],
        env={"CNI_COMMAND": "VERSION", "PATH": os.defpath},
        input=b'{"cniVersion":"1.0.0"}',
        capture_output=True,
        check=False,
        timeout=30,
    )
    try:
        return list(json.loads(done.stdout)["supportedVersions"])
    except (ValueError, LookupError, TypeError) as e:
        raise BadConfig(f"{program} does not answer VERSION: {done.stderr.decode(errors='replace').strip()}") from e


def nothing(scratch: Path) -> Contestant:
    """A plugin that ends at once: what is measured of it is what the driver and a process cost."""
    folder = scratch / "nothing"
    folder.mkdir(exist_ok=True)
    (folder / "nothing").symlink_to("/bin/true")
    network = Network("nothing", "1.0.0", (Plugin("nothing", {"type": "nothing"}),), b"{}", "nothing")
    return Contestant("nothing", network, [folder], None, None)
