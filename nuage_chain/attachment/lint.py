"""What is wrong with network configurations before any container is started; the rules are in attachment/rules.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nuage_chain.cni.runtime import conflist
from nuage_chain.cni.runtime.conflist import Network, Plugin
from nuage_chain.errors import NuageChainError

US = "nuage-chain"
ERROR, WARNING = "error", "warning"


@dataclass(frozen=True)
class Chain:
    """One list that has us in it. place: our number in it. plugin_dirs: where the node's executables are."""

    network: Network
    place: int
    plugin_dirs: tuple[Path, ...]

    @property
    def ours(self) -> dict[str, Any]:
        """Our entry."""
        return self.network.plugins[self.place].config

    @property
    def first(self) -> Plugin:
        """The plugin that should make the veth pair."""
        return self.network.plugins[0]

    @property
    def before(self) -> Sequence[Plugin]:
        """The plugins before ours."""
        return self.network.plugins[: self.place]

    @property
    def after(self) -> Sequence[Plugin]:
        """The plugins after ours."""
        return self.network.plugins[self.place + 1 :]


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong with a list. wrong: a sentence for each time it is."""

    id: str
    severity: str
    remedy: str
    wrong: Callable[[Chain], Iterable[str]]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. rule: the rule's id."""

    file: str
    rule: str
    severity: str
    message: str
    remedy: str


UNREADABLE, SAME_NAME = "unreadable", "same-name"


def lint(files: Sequence[Path], plugin_dirs: Sequence[Path], rules: Sequence[Rule]) -> list[Finding]:
    """What is wrong with the configurations in `files`, in the order of the files and of the rules.

    Configurations without nuage-chain are only read: what they do is not ours to judge.
    """
    findings: list[Finding] = []
    names: dict[str, Path] = {}
    for file in files:
        try:
            network = conflist.load(file)
        except NuageChainError as e:
            # The file's name leads every message of the reader's, and is said by the finding already.
            message = e.message.removeprefix(f"{file}: ")
            findings.append(Finding(str(file), UNREADABLE, ERROR, message, e.hint))
            continue
        if (other := names.setdefault(network.name, file)) is not file:
            findings.append(_same_name(file, other, network.name))
        findings += _broken(network, tuple(plugin_dirs), rules)
    return findings


def configurations(path: Path) -> list[Path]:
    """The files that a runtime would read: of a folder in the order of their names, or the one file itself."""
    if not path.is_dir():
        return [path]
    suffixes = (conflist.LIST_SUFFIX, *conflist.SINGLE_SUFFIXES)
    return sorted(file for file in path.iterdir() if file.suffix in suffixes and file.is_file())


def _broken(network: Network, plugin_dirs: tuple[Path, ...], rules: Sequence[Rule]) -> list[Finding]:
    place = next((n for n, plugin in enumerate(network.plugins) if plugin.type == US), None)
    if place is None:
        return []
    chain = Chain(network, place, plugin_dirs)
    return [
        Finding(network.source, rule.id, rule.severity, sentence, rule.remedy)
        for rule in rules
        for sentence in rule.wrong(chain)
    ]


def _same_name(file: Path, other: Path, name: str) -> Finding:
    return Finding(
        str(file),
        SAME_NAME,
        WARNING,
        f"{other} has a network named {name} too; runtimes take the one and overlook the other.",
        "Give one of them another `name`.",
    )
