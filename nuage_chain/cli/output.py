"""How the command line speaks: aligned columns, and errors as a sentence with what to do next."""

from __future__ import annotations

import json
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


def complain(error: NuageChainError, *, as_json: bool = False) -> None:
    """The error on standard error: what is wrong, then what to do.

    as_json: for a program on standard output as well, an object with code, msg and details as a CNI plugin prints them.
    """
    if as_json:
        print(json.dumps({"code": error.code, "msg": error.message, "details": error.hint}))
    print(f"nuage-chain: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"  {error.hint}", file=sys.stderr)
