"""`nuage-chain`: reads the arguments, runs one command, turns errors into sentences and exit statuses."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from nuage_chain import __version__
from nuage_chain.cli import signals
from nuage_chain.cli.output import complain
from nuage_chain.errors import BadConfig, IOFailure, NotAvailable, NuageChainError

# Each command's module, in the order in which they are shown.
_COMMANDS = {
    "run": "run", "docker-run": "docker", "attach": "networks", "detach": "networks", "check": "networks",
    "lint": "lint", "doctor": "doctor", "audit": "audit", "agent": "agent", "trace": "trace",
    "install": "install", "uninstall": "install", "vsp": "vsp",
}  # fmt: skip
_ABOUT = "Containers on a Nuage VSP overlay, by a CNI plugin chained after bridge or ptp."
_START = """\
to begin with:
  nuage-chain vsp up             starts a VSP of this machine's own to try things on, and says what to do next
  nuage-chain COMMAND --help     says what a command does, with examples
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command of `argv` and returns the exit status.

    0, 1 for an error of ours, 2 for wrong arguments, 128 and the number of a signal that ended it.
    """
    words = sys.argv[1:] if argv is None else argv
    args = _parser(words[0] if words else "").parse_args(words)
    as_json = getattr(args, "json", False)
    signals.raise_them()
    try:
        # A command that works for everybody says root=False.
        if getattr(args, "root", True) and os.geteuid() != 0:
            raise NotAvailable(f"`nuage-chain {args.command}` needs root.", hint="Run it with sudo.")
        status = int(args.run(args))
        sys.stdout.flush()
    except NuageChainError as e:
        complain(e, as_json=as_json)
        return 1
    except signals.Interrupted as e:
        print(f"nuage-chain: {e}", file=sys.stderr)
        return signals.BY_SIGNAL + e.number
    except BrokenPipeError:
        # Whoever read our output has enough; Python would complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except OSError as e:
        complain(IOFailure(f"{e.filename or 'A file'}: {e.strerror or e}."), as_json=as_json)
        return 1
    except RecursionError:
        complain(BadConfig("A file or argument is nested too deeply to be read."), as_json=as_json)
        return 1
    return status


def _parser(called: str) -> argparse.ArgumentParser:
    """called: the command, if it is one; the agent would otherwise hold what the embedded VSP needs, 19 MB."""
    parser = argparse.ArgumentParser(
        prog="nuage-chain",
        description=_ABOUT,
        epilog=_START,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"nuage-chain {__version__}")
    commands = parser.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")
    for name in [_COMMANDS[called]] if called in _COMMANDS else dict.fromkeys(_COMMANDS.values()):
        importlib.import_module(f"nuage_chain.cli.{name}").add_parser(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
