"""`nuage-chain vsp status`, and how the verbs of `vsp` describe what is up."""

from __future__ import annotations

import argparse
import os
from functools import partial

from nuage_chain.cli.nodes import STATE
from nuage_chain.cli.output import table
from nuage_chain.deadline import Deadline
from nuage_chain.vsp.node import Up
from nuage_chain.vsp.status import Status, status

SECONDS = 10
"""How long the look at one node may take."""


def run(args: argparse.Namespace) -> int:
    """The exit status is 0 when containers can be attached, on every node."""
    found = status(args.state, environment=os.environ, deadline=partial(Deadline, SECONDS))
    if not found.processes:
        print(f"No embedded VSP in {found.state}.")
        return 1
    print(table(("process", "pid"), [(p.name, str(p.pid) if p.pid else "not running") for p in found.processes]))
    print()
    answers = "answers" if found.vsd_answers else "does not let csproot in, or does not answer"
    print_aligned(
        "", ("VSD", f"{found.vsd_url} {answers}{where(found.netns)}"), *(_of_switch(found) if found.switch else ())
    )
    if found.nodes:
        print()
        print(_of_nodes(found))
    print(_well(found) if found.healthy else _trouble(found))
    return 0 if found.healthy else 1


def where(namespace: str | None) -> str:
    """In which network namespace something is, if not in this one."""
    return f" (in network namespace {namespace})" if namespace else ""


def print_aligned(indent: str, *lines: tuple[str, str]) -> None:
    """Each a name and what it is."""
    for name, value in lines:
        print(f"{indent}{name:<13} {value}")


def up_line(*made: Up) -> str:
    """That all of it is up."""
    if all(one.already for one in made):
        return "The embedded VSP runs already."
    return f"The embedded VSP is up, in {sum(one.seconds for one in made):.1f} s."


def about_vsd(made: Up) -> list[tuple[str, str]]:
    """Where its VSD is, for `print_aligned`."""
    return [
        ("VSD", f"{made.settings.vsd_url}, user csproot, organization csp{where(made.settings.netns)}"),
        ("its password", f"in {made.layout.password_file}"),
        ("its CA", str(made.layout.ca)),
    ]


def state_option(args: argparse.Namespace) -> str:
    """What to add to a command that is shown, for the same directory."""
    return "" if args.state == STATE else f" --state {args.state}"


def _of_switch(found: Status) -> list[tuple[str, str]]:
    return [
        ("bridge", f"{found.bridge} ({found.datapath}), {_ports(found)}" if found.bridge else "not there"),
        ("controller", found.role or "not connected"),
    ]


def _of_nodes(found: Status) -> str:
    lines = []
    for number, node in found.nodes.items():
        missing = [p.name for p in node.processes if p.pid is None]
        state = "up" if node.healthy else f"not running: {', '.join(missing)}" if missing else "no VSD or no controller"
        lines.append((str(number), node.netns or "-", node.address or "-", _ports(node), state))
    return table(("node", "namespace", "address", "", "state"), lines)


def _ports(found: Status) -> str:
    return "1 port" if found.ports == 1 else f"{found.ports or 0} ports"


def _well(found: Status) -> str:
    return "Containers can be attached." if found.switch or found.nodes else "Hosts may join."


def _trouble(found: Status) -> str:
    logs = [f"{part.state}/log" for part in (found, *found.nodes.values()) if not part.healthy and not part.nodes]
    broken = [str(number) for number, node in found.nodes.items() if not node.healthy]
    if broken and found.running and found.vsd_answers:
        return f"No container can be attached on node {', '.join(broken)}; see {logs[0]}."
    return f"No container can be attached; see {found.state}/log."
