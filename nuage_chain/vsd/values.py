"""Values inside a filter: VSD documents no way to escape them (vsd-rest.md 1.5)."""

from __future__ import annotations

import unicodedata

from nuage_chain.errors import BadConfig


def quoted(value: str) -> str:
    """`value` in double quotes. Raises BadConfig for one that no filter can carry."""
    if '"' in value or has_control_character(value):
        raise BadConfig(
            f"{value!r} cannot be looked up in VSD: a name may hold neither a double quote nor a control character.",
            hint="Rename the object in VSD, or correct the name in the configuration.",
        )
    return f'"{value}"'


def has_control_character(text: str) -> bool:
    """Whether `text` has a character that would end an HTTP header or be lost in one."""
    return any(unicodedata.category(character) == "Cc" for character in text)
