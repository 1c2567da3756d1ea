"""`nuage-chain audit`: what is left over on this node, why, and its removal."""

from __future__ import annotations

import argparse
import json
import os
import socket
from pathlib import Path
from typing import Any

from nuage_chain.attachment.state import World
from nuage_chain.audit import metrics, networks, report, sources
from nuage_chain.audit.plan import GRACE_SECONDS, Plan
from nuage_chain.audit.run import Applied, Auditor, AuditRuns
from nuage_chain.cli.joining import NETCONFPATH
from nuage_chain.cli.numbers import seconds
from nuage_chain.cli.output import complain, table
from nuage_chain.deadline import Deadline
from nuage_chain.errors import IOFailure
from nuage_chain.vsd.once import Accounts

# Ends before systemd loses its patience (TimeoutStartSec in systemd/nuage-chain-audit.service).
_SECONDS = 75
_HEADER = ["action", "network", "container", "interface", "parts", "why"]
_EXAMPLES = """\
for example:
  nuage-chain audit plan                 # what would be done now, and why; changes nothing
  nuage-chain audit plan --json
  nuage-chain audit apply                # does it; the timer calls this every five minutes
  nuage-chain audit apply --plan HASH    # only if it is still the plan that you have looked at

Something is removed only when two sightings, the grace time apart, agree that nothing lives there. To stop it all:
systemctl stop nuage-chain-audit.timer. docs/audit.md tells the rules.
"""


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse's own class is private
    """Adds `audit plan` and `audit apply`."""
    text = "find what is left over on this node, and remove it"
    parser = commands.add_parser(
        "audit",
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(title="verbs", dest="verb", required=True, metavar="VERB")
    show = verbs.add_parser("plan", help="say what would be done, and change nothing")
    act = verbs.add_parser("apply", help="do it, and remember what was seen")
    act.add_argument("--plan", default="", metavar="HASH", help="refuse if the plan is not this one any more")
    act.add_argument("--metrics", default="", metavar="FOLDER", help="where node-exporter's collector reads files")
    for verb in (show, act):
        verb.add_argument("--json", action="store_true", help="print JSON")
        verb.add_argument(
            "--grace",
            type=seconds,
            default=GRACE_SECONDS,
            metavar="SECONDS",
            help="how long something has to look stale before it goes (default: %(default)g)",
        )
        verb.add_argument(
            "--networks",
            type=Path,
            default=Path(os.environ.get("NETCONFPATH") or NETCONFPATH),
            metavar="FOLDER",
            help="the network configurations (default: NETCONFPATH, else %(default)s)",
        )
        verb.add_argument("--config", type=Path, metavar="FILE", help="the node's configuration file")
        verb.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    hostname = socket.gethostname()
    found = networks.read(args.networks, hostname, args.config)
    auditor = Auditor(found, World(hostname, vsd=Accounts().session), sources.of(found.node, hostname))
    if args.verb == "plan":
        _show(auditor.plan(args.grace, Deadline(_SECONDS)), None, as_json=args.json)
        return 0
    try:
        applied = auditor.apply(args.grace, Deadline(_SECONDS), args.plan)
    except AuditRuns as e:
        # The timer and a person at the same moment: the work is being done.
        complain(e, as_json=args.json)
        return 0
    _show(applied.plan, applied, as_json=args.json)
    return 0 if _measured(auditor, applied, args.metrics) and applied.complete else 1


def _measured(auditor: Auditor, applied: Applied, chosen: str) -> bool:
    """Whether the metrics are written; what was done has been printed, and an error is said beside it."""
    node = auditor.networks.node
    folder = metrics.folder_of(chosen, Path(node.text("stateDir")))
    try:
        debts = auditor.world.journal(node).debts()
        metrics.write(folder, metrics.text(applied, debts, auditor.world.clock()))
    except IOFailure as e:
        complain(e)
        return False
    return True


def _show(plan: Plan, applied: Applied | None, *, as_json: bool) -> None:
    done = applied.done if applied else ()
    if as_json:
        print(json.dumps(report.document(plan, done), indent=2))
        return
    lines = report.rows_of(plan, done)
    if lines:
        print(table(_HEADER, lines))
    for name in plan.unknown:
        print(f"left alone: {name} has rows in VRS's tables and no port, and nobody knows whose they are")
    for problem in plan.problems:
        print(f"could not be asked: {problem}")
    kept = f"{len(plan.kept)} kept" if plan.kept else "none kept"
    if applied is None:
        doing = f"{len(plan.actions)} to do" if plan.actions else "nothing to do"
        print(f"plan {plan.hash}: {doing}, {len(plan.waiting)} waiting, {kept}")
    else:
        outcomes = ", ".join(f"{sum(d.outcome == o for d in done)} {o}" for o in ("done", "skipped", "owed", "failed"))
        print(f"plan {plan.hash}: {outcomes}; {len(plan.waiting)} waiting, {kept}")
