"""`nuage-chain trace`: where the time of calls went."""

from __future__ import annotations

import argparse
import json
import socket
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from nuage_chain.attachment import settings, sources, traces
from nuage_chain.cli import otlp
from nuage_chain.cli.numbers import how_many
from nuage_chain.cli.output import table
from nuage_chain.cni.request import Request
from nuage_chain.errors import BadConfig

_WIDTH = 40
_EXAMPLES = """\
for example:
  nuage-chain trace                  # the last calls, a line each
  nuage-chain trace show 3f2a        # where the time of one went: by container, pod or call, the latest that fits
  nuage-chain trace stats            # percentiles of each step over all calls that are kept
  nuage-chain trace export --otlp http://127.0.0.1:4318
"""


def add_parser(commands: Any) -> None:  # noqa: ANN401 - argparse's own class is private
    """Adds `trace`, which lists calls, and its verbs."""
    text = "say where the time of ADD and DEL went"
    parser = commands.add_parser(
        "trace",
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="the node's configuration file")
    parser.add_argument(
        "--folder", type=Path, metavar="FOLDER", help="where traces are kept (default: stateDir of that file)"
    )
    parser.add_argument(
        "--last", type=how_many, default=20, metavar="N", help="how many calls to list (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print the lines as they are kept")
    verbs = parser.add_subparsers(title="verbs", dest="verb", metavar="VERB")
    show = verbs.add_parser("show", help="one call as a waterfall")
    show.add_argument("which", metavar="CALL|CONTAINER|POD", help="the beginning of its name")
    verbs.add_parser("stats", help="percentiles over all calls")
    export = verbs.add_parser("export", help="send the calls to a collector, by OTLP over HTTP")
    export.add_argument("--otlp", required=True, metavar="URL", help="the collector, as in http://127.0.0.1:4318")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    folder = args.folder or _folder(args.config)
    lines = list(traces.read(folder))
    if args.verb == "show":
        lines = [_find(lines, args.which)]
        print(json.dumps(lines[0]) if args.json else waterfall(lines[0]))
    elif args.verb == "stats":
        print(statistics(lines))
    elif args.verb == "export":
        print(f"{otlp.export(lines, args.otlp)} calls sent to {args.otlp}")
    elif args.json:
        for line in lines[-args.last :]:
            print(json.dumps(line))
    else:
        print(listed(lines[-args.last :]) if lines else f"No calls are kept in {folder}.")
    return 0


def _folder(config: Path | None) -> Path:
    """Where a call leaves its trace by the node's configuration. Raises BadConfig."""
    layers = sources.layers(Request("STATUS", ""), config_file=config, strict=False)
    return Path(settings.merge(layers, socket.gethostname()).text("stateDir"))


def listed(lines: Sequence[dict[str, Any]]) -> str:
    """A line for each call, the oldest first."""
    header = ["time", "verb", "container", "interface", "pod", "ms", "way", "result"]
    return table(header, [[_time(t), t["verb"], t["container"][:12], t["ifname"], t.get("pod", "-"),
                           f"{t['ms']:.1f}", t.get("way", "-"), _result(t)] for t in lines])  # fmt: skip


def waterfall(line: dict[str, Any]) -> str:
    """One call: each span with its milliseconds and its place in the whole."""
    whole = max(line["ms"], 0.01)
    head = f"{line['verb']} of {line['ifname']} of container {line['container']}, {_time(line)}: {_result(line)}"
    rows = []
    for kind, name, start, ms, *failed in line["spans"]:
        first = min(int(start / whole * _WIDTH), _WIDTH - 1)
        bar = " " * first + "█" * max(round(ms / whole * _WIDTH), 1)
        indent = "" if kind in ("prepare", "step", "undo") else "  "
        rows.append([f"{indent}{kind} {name}{' ✗' if failed else ''}", f"{ms:.2f}", f"|{bar[:_WIDTH]:<{_WIDTH}}|"])
    return f"{head}\n{table(['what', 'ms', ''], [*rows, ['in all', f'{whole:.2f}', '']])}"


def statistics(lines: Sequence[dict[str, Any]]) -> str:
    """Count, median, p95 and the longest of each verb and of each of its spans, in milliseconds."""
    found: dict[tuple[str, str], list[float]] = {}
    for line in lines:
        found.setdefault((line["verb"], "in all"), []).append(line["ms"])
        for kind, name, _, ms, *_ in line["spans"]:
            found.setdefault((line["verb"], f"{kind} {name}"), []).append(ms)
    header = ["verb", "what", "calls", "median", "p95", "longest"]
    return table(header, [[verb, what, str(len(took)), *(f"{_percentile(took, p):.2f}" for p in (50, 95, 100))]
                          for (verb, what), took in sorted(found.items())])  # fmt: skip


def _percentile(values: Sequence[float], percent: int) -> float:
    """By nearest rank."""
    ordered = sorted(values)
    return ordered[max(-(-len(ordered) * percent // 100) - 1, 0)]


def _find(lines: Sequence[dict[str, Any]], which: str) -> dict[str, Any]:
    line: dict[str, Any]
    for line in reversed(lines):
        if any(str(line.get(name, "")).startswith(which) for name in ("call", "container", "pod")):
            return line
    raise BadConfig(f"No call is kept that begins with {which!r}.", hint="`nuage-chain trace` lists them.")


def _time(line: dict[str, Any]) -> str:
    return datetime.fromtimestamp(line["time"]).astimezone().strftime("%m-%d %H:%M:%S")


def _result(line: dict[str, Any]) -> str:
    return "ok" if line["result"] == "ok" else f"{line.get('code')}: {line.get('error')}"
