"""The plugin side: one call in, one JSON document and an exit status out.

Environment and standard input are parameters, so that all of it can be tried without a process.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from nuage_chain.cni import versions
from nuage_chain.cni.request import Request, decode, read, verb_of, version_of
from nuage_chain.cni.result import Result, render
from nuage_chain.errors import NuageChainError

Handler: TypeAlias = Callable[[Request], Result | None]
ReportBug: TypeAlias = Callable[[BaseException], None]


@dataclass(frozen=True)
class Reply:
    """What the process prints on standard output (one JSON document, or nothing) and its exit status."""

    stdout: str
    status: int = 0


def answer(environ: Mapping[str, str], stdin: bytes, handlers: Mapping[str, Handler], report: ReportBug) -> Reply:
    """Does the call that `environ` and `stdin` describe; never raises.

    handlers: for each verb but VERSION what does it. report: is handed an exception that is no NuageChainError, a
    fault of ours; the runtime gets a CNI error all the same.
    """
    try:
        return _answer(environ, stdin, handlers)
    except NuageChainError as e:
        return error(e, _version_for_errors(stdin))
    except Exception as e:  # noqa: BLE001 - whatever happens, the runtime gets one JSON document
        report(e)
        return error(NuageChainError(f"Unexpected {type(e).__name__}: {e}"), _version_for_errors(stdin))


def _answer(environ: Mapping[str, str], stdin: bytes, handlers: Mapping[str, Handler]) -> Reply:
    if verb_of(environ).name == "VERSION":
        # podman and libcni ask with a configuration of only a cniVersion, older ones with nothing at all.
        asked = version_of(decode(stdin)) if stdin.strip() else versions.LATEST
        return _printed(versions.reply(asked))
    request = read(environ, stdin)
    result = handlers[request.verb](request)
    return Reply("") if result is None else _printed(render(result, request.version))


def error(fault: NuageChainError, version: str) -> Reply:
    """The CNI error object for `fault` (specification, section 5, "Error") and exit status 1."""
    document = {"cniVersion": version, "code": fault.code, "msg": fault.message, "details": fault.hint}
    return Reply(_printed(document).stdout, 1)


def _printed(document: Mapping[str, Any]) -> Reply:
    return Reply(json.dumps(document, indent=4) + "\n")


def _version_for_errors(stdin: bytes) -> str:
    """The version to report an error in: the configuration's own where it can be read, whatever else is wrong."""
    try:
        version = version_of(decode(stdin))
    except NuageChainError:
        return versions.LATEST
    return version if version in versions.SUPPORTED else versions.LATEST
