"""`nuage-chain lint`: what is wrong with network configurations, before any container is started."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nuage_chain.attachment.lint import ERROR, SAME_NAME, UNREADABLE, Finding, configurations, lint
from nuage_chain.attachment.rules import RULES
from nuage_chain.cli.joining import NETCONFPATH, plugin_dirs
from nuage_chain.errors import BadConfig

_EXAMPLES = """\
for example:
  nuage-chain lint                              # all of /etc/cni/net.d
  nuage-chain lint conflists/10-nuage.conflist
  nuage-chain lint --ignore firewall --json /etc/cni/net.d

The exit status is 1 when there is an error, and 0 when there is none or there are warnings only. Plugins are looked
for where `nuage-chain attach` looks for them: CNI_PATH, else ours, /opt/cni/bin and /usr/lib/cni. docs/chain.md
tells of each rule.
"""


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse's own class is private
    """Adds `lint`."""
    text = "read network configurations and say what is wrong with them"
    parser = commands.add_parser(
        "lint",
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "path",
        nargs="*",
        type=Path,
        metavar="FILE|FOLDER",
        help=f"what to read (default: NETCONFPATH, else {NETCONFPATH})",
    )
    parser.add_argument("--json", action="store_true", help="print the findings, a list, as JSON")
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        choices=[UNREADABLE, SAME_NAME, *(rule.id for rule in RULES)],
        metavar="RULE",
        help="leave this rule out; may be repeated",
    )
    parser.set_defaults(run=_run, root=False)


def _run(args: argparse.Namespace) -> int:
    files = _files(args.path or [Path(os.environ.get("NETCONFPATH") or NETCONFPATH)])
    found = [f for f in lint(files, plugin_dirs(os.environ), RULES) if f.rule not in args.ignore]
    print(json.dumps([dataclasses.asdict(f) for f in found], indent=2) if args.json else _described(files, found))
    return 1 if any(f.severity == ERROR for f in found) else 0


def _files(paths: Sequence[Path]) -> list[Path]:
    files = [file for path in paths for file in configurations(path)]
    if not files:
        raise BadConfig(f"{', '.join(map(str, paths))} has no file *.conflist, *.conf or *.json.")
    return files


def _described(files: Sequence[Path], found: Sequence[Finding]) -> str:
    lines = []
    for file in dict.fromkeys(f.file for f in found):
        lines.append(file)
        for f in found:
            if f.file == file:
                lines += [f"  {f.severity}: {f.message} [{f.rule}]", f"    {f.remedy}"]
    errors = sum(f.severity == ERROR for f in found)
    lines.append(f"{_count(len(files), 'file')}: {_count(errors, 'error')}, {_count(len(found) - errors, 'warning')}.")
    return "\n".join(lines)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
