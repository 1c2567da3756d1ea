"""An embedded VSP of several nodes, each looked at as a lab of its own."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path

from nuage_chain.deadline import Deadline
from nuage_chain.vsp import cluster, daemons, plugin_config, processes, status, underlay
from nuage_chain.vsp.layout import layout_of
from nuage_chain.vsp.node import Wishes
from nuage_chain.vsp.settings import load_settings
from tests.integration.vsp.conftest import Container, Lab, Row, run
from tests.integration.vsp.policies import Domain, Workload

SECONDS = 60.0


class Nodes:
    """The centre and its nodes, by their numbers."""

    def __init__(self, state: Path, netns: str, count: int) -> None:
        self.state, self.netns, self.count = state, netns, count
        self.centre = Lab(state, netns)
        self.all = {
            n: Lab(cluster.layout_of_node(layout_of(state), n).state, f"{netns}-{n}") for n in range(1, count + 1)
        }

        for lab in self.all.values():
            lab.mtu = plugin_config.UNDERLAY_MTU - plugin_config.GENEVE

    def __getitem__(self, number: int) -> Lab:
        return self.all[number]

    def up(self) -> cluster.Cluster:
        for lab in self.all.values():
            lab.hang_up()
        return cluster.up(
            self.state,
            self.count,
            environment=os.environ,
            deadline=Deadline(SECONDS),
            netns=self.netns,
            wishes=Wishes(outside=True),
        )

    def down(self, *, purge: bool = False) -> bool:
        return cluster.down(self.state, environment=os.environ, deadline=Deadline(SECONDS), purge=purge)

    def status(self) -> status.Status:
        return status.status(self.state, environment=os.environ, deadline=partial(Deadline, SECONDS))

    def kill(self, lab: Lab) -> None:
        """Everything of one node at once, as a power cut does it but for its namespace."""
        lab.hang_up()
        settings = load_settings(lab.layout)
        assert settings is not None
        for daemon in daemons.all_of(lab.layout, settings):
            pid = processes.pid_of(daemon)
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
        self.centre.wait_for(lambda: not lab.processes_left())

    def cut(self, number: int) -> None:
        run("ip", "-n", self.netns, "link", "set", underlay.port_of(number), "down")

    def heal(self, number: int) -> None:
        run("ip", "-n", self.netns, "link", "set", underlay.port_of(number), "up")

    def attached(self, number: int, place: str = "Shop/front/web") -> tuple[Container, Row]:
        return self[number].attached(place)

    def attach(self, number: int, domain: Domain, subnet: str, *groups: str) -> Workload:
        """A container in a domain of a test."""
        made = replace(domain, lab=self[number]).attach(subnet, *groups)
        return replace(made, lab=self.centre)

    def close(self) -> None:
        for lab in self.all.values():
            lab.forget()
        self.centre.forget()
        self.down(purge=True)
