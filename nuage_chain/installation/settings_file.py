"""The node's configuration file as it is first written: every key, explained and commented out."""

from __future__ import annotations

from collections.abc import Iterator

from nuage_chain.attachment.keys import KEYS, Key

_HEAD = """\
# What nuage-chain does on this node. Every key is here; take its # away to set it. What a network's list or a workload
# says has precedence over this file (README, "Configuration"). `nuage-chain install` leaves the file alone once it has
# been edited.
"""


def text() -> str:
    """YAML, all of it comments."""
    lines, section = [_HEAD], ""
    for key in KEYS.values():
        inside, _, name = key.name.rpartition(".")
        if inside != section:
            section = inside
            lines.append(f"#{section}:\n")
        lines.append("\n".join(_about(key, name, "  " if inside else "")) + "\n")
    return "\n".join(lines)


def _about(key: Key, name: str, indent: str) -> Iterator[str]:
    default = f" Default: {_shown(key.default)}." if key.default not in (None, ()) else ""
    yield f"# {key.meaning[0].upper()}{key.meaning[1:]}.{default}"
    yield f"# It is {key.kind.name}."
    yield f"#{indent}{name}: {_shown(key.default)}".rstrip()


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value in (None, ()) else str(value)
