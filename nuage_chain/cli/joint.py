"""A network namespace and the networks it is joined to, one ADD, DEL or CHECK after the other."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nuage_chain.cni.runtime.attachment import Attachment
from nuage_chain.cni.runtime.conflist import Network
from nuage_chain.cni.runtime.network import Runtime
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NuageChainError

SECONDS = 120
"""For one network: a list of plugins, each within its own timeout; a runtime gives a sandbox about as long."""


@dataclass(frozen=True)
class Joint:
    """A namespace and its networks, in order. ifnames: one for each network."""

    runtime: Runtime
    networks: Sequence[Network]
    ifnames: Sequence[str]
    args: list[tuple[str, str]]
    capabilities: dict[str, Any]
    container_id: str
    netns: str

    @property
    def attachments(self) -> list[Attachment]:
        """One for each network."""
        return [
            Attachment(self.container_id, self.netns, ifname, self.args, self.capabilities) for ifname in self.ifnames
        ]

    def join(self, reached: Callable[[int], None]) -> list[dict[str, Any]]:
        """ADD to every network in order; returns the results, raises the first error.

        reached: is told how many networks there would be to `leave` if we ended at that moment.
        """
        results = []
        for number, (network, attachment) in enumerate(self._pairs(), 1):
            reached(number)
            try:
                with _naming(network, attachment):
                    results.append(self.runtime.add_or_clean(network, attachment, Deadline(SECONDS)))
            except NuageChainError:
                reached(number - 1)
                raise
        return results

    def leave(self, count: int | None = None) -> list[NuageChainError]:
        """DEL from the first `count` networks, by default all, last first, past every error; returns the errors."""
        errors = []
        for network, attachment in reversed(self._pairs()[:count]):
            try:
                with _naming(network, attachment):
                    self.runtime.delete(network, attachment, Deadline(SECONDS))
            except NuageChainError as e:
                errors.append(e)
        return errors

    def check(self) -> list[str]:
        """CHECK of every network; returns the names of those that have it switched off. Raises the first error."""
        for network, attachment in self._pairs():
            with _naming(network, attachment):
                self.runtime.check(network, attachment, Deadline(SECONDS))
        return [network.name for network in self.networks if network.disable_check]

    def _pairs(self) -> list[tuple[Network, Attachment]]:
        return list(zip(self.networks, self.attachments, strict=True))


@contextlib.contextmanager
def _naming(network: Network, attachment: Attachment) -> Iterator[None]:
    try:
        yield
    except NuageChainError as e:
        e.message = f"Network {network.name} ({attachment.ifname}): {e.message}"
        e.args = (e.message,)
        raise
