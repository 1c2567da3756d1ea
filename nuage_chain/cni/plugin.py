"""The plugin side: one call in, one JSON document and an exit status out.

Environment and standard input are parameters, so that all of it can be tried without a process.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from nuage_chain.cni import versions
from nuage_chain.cni.document import decode, encode, folded
from nuage_chain.cni.request import Request, read, verb_of
from nuage_chain.cni.result import Result, render
from nuage_chain.errors import NuageChainError, TryAgainLater

Handler: TypeAlias = Callable[[Request], Result | None]
ReportBug: TypeAlias = Callable[[BaseException], None]

# A message may quote what somebody has sent, a megabyte of it too, and ends in a log or in an event of a pod.
_LONGEST_MESSAGE = 4000
_RAISE = "Try again later; if it stays, raise the limits of the runtime's service (`ulimit -a`)."
_SHORT_OF = {
    errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ENOSPC, errno.EDQUOT, errno.EAGAIN,
}  # fmt: skip


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
        fault = e
    except Exception as e:  # noqa: BLE001 - whatever happens, the runtime gets one JSON document
        fault = _short_of_resources(e) or NuageChainError(f"Unexpected {type(e).__name__}: {e}")
        if fault.code == NuageChainError.code:
            report(e)
    return error(fault, _version_for_errors(stdin))


def _answer(environ: Mapping[str, str], stdin: bytes, handlers: Mapping[str, Handler]) -> Reply:
    if verb_of(environ).name == "VERSION":
        return _printed(versions.reply(_version_of(stdin)))
    request = read(environ, stdin)
    result = handlers[request.verb](request)
    return Reply("") if result is None else _printed(render(result, request.version))


def error(fault: NuageChainError, version: str) -> Reply:
    """The CNI error object for `fault` (specification, section 5, "Error") and exit status 1."""
    message = fault.message if len(fault.message) <= _LONGEST_MESSAGE else f"{fault.message[:_LONGEST_MESSAGE]}…"
    document = {"cniVersion": version, "code": fault.code, "msg": message, "details": fault.hint}
    return Reply(_printed(document).stdout, 1)


def _short_of_resources(error: Exception) -> NuageChainError | None:
    """What the machine or a limit of this process lacks is no fault of ours, and may be there the next time."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, MemoryError):
        number = errno.ENOMEM
    if number not in _SHORT_OF:
        return None
    return TryAgainLater(f"The call ran short of something: {os.strerror(number)}.", hint=_RAISE)


def _printed(document: Mapping[str, Any]) -> Reply:
    return Reply(encode(document))


def _version_of(stdin: bytes) -> str:
    """The configuration's version where it can be read, whatever else is wrong with it; else our latest.

    podman asks for VERSION with a configuration of only a cniVersion, older runtimes with nothing, and skel does not
    read what they send at all.
    """
    try:
        config = folded(decode(stdin), ("cniVersion", "cniVersions"))
        return versions.of_config({"cniVersions": [versions.LATEST], **config})
    except NuageChainError:
        return versions.LATEST


def _version_for_errors(stdin: bytes) -> str:
    version = _version_of(stdin)
    return version if version in versions.SUPPORTED else versions.LATEST
