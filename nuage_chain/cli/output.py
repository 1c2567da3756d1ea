"""How the command line speaks: aligned columns, and errors as a sentence with what to do next."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from nuage_chain.errors import NuageChainError


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, two spaces apart; no trailing blanks."""
    rows = [[*header], *([*line] for line in lines)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def complain(error: NuageChainError) -> None:
    """The error on standard error: what is wrong, then what to do."""
    print(f"nuage-chain: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)
