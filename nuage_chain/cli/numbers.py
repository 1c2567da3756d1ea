"""Numbers on the command line: each a type for argparse, which refuses what a command could not work with."""

from __future__ import annotations

import argparse
import math


def seconds(text: str) -> float:
    """A time that may be none at all, and has an end."""
    return _seconds(text, 0.0, "from zero")


def some_seconds(text: str) -> float:
    """A time that something may take: above zero, and with an end."""
    return _seconds(text, math.ulp(0.0), "above zero")


def how_many(text: str) -> int:
    """At least one."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above zero")
    return int(text)


def _seconds(text: str, least: float, which: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    # No comparison holds for what is no number.
    if not least <= found < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds {which}")
    return found
