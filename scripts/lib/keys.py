"""Writes the README's table of configuration keys from nuage_chain.attachment.keys, the one list of them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from nuage_chain.attachment.keys import KEYS, Key

README = Path(__file__).parents[2] / "README.md"
PLACE = re.compile(r"(?<=-->\n).*?(?=<!-- end of keys -->)", re.DOTALL)


def table() -> str:
    lines = ["| key | what it has to be | meaning |", "|---|---|---|", *map(_line, KEYS.values())]
    return "\n".join(lines) + "\n"


def _line(key: Key) -> str:
    default = f" Default: `{_shown(key.default)}`." if key.default not in (None, ()) else ""
    where = " *(placement)*" if key.placement else ""
    return f"| `{key.name}`{where} | {key.kind.name} | {key.meaning[0].upper()}{key.meaning[1:]}.{default} |"


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    README.write_text(PLACE.sub(lambda _: table(), README.read_text()))
    sys.exit(0)
