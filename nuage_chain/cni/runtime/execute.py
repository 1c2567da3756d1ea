"""One call of one plugin: its environment, its configuration on stdin, its result or its error."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from nuage_chain.cni.runtime.attachment import Attachment
from nuage_chain.cni.runtime.process import Finished
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, DeadlineExceeded, PluginFailed

STDERR_LINES = 5


class Run(Protocol):
    """Runs a program as process.run does."""

    def __call__(self, program: Path, environment: Mapping[str, str], stdin: bytes, deadline: Deadline, /) -> Finished:
        """Raises OSError where the program cannot be started."""


def find_plugin(kind: str, folders: Sequence[Path]) -> Path:
    """The executable of that type in the first folder that has it. Raises BadConfig that lists the folders."""
    for folder in folders:
        if (folder / kind).is_file():
            return folder / kind
    searched = ", ".join(str(folder) for folder in folders) or "no folder at all"
    raise BadConfig(
        f"There is no plugin {kind!r} in {searched}.",
        hint="Install the plugin, or set the folders it is looked for in.",
    )


def variables(
    command: str, attachment: Attachment | None, folders: Sequence[Path], environment: Mapping[str, str]
) -> dict[str, str]:
    """The environment of a call (specification, section 2), on top of the caller's own."""
    return {
        **environment,
        "CNI_COMMAND": command,
        "CNI_CONTAINERID": attachment.container_id if attachment else "",
        "CNI_NETNS": attachment.netns if attachment else "",
        "CNI_IFNAME": attachment.ifname if attachment else "",
        "CNI_ARGS": ";".join(f"{key}={value}" for key, value in attachment.args) if attachment else "",
        "CNI_PATH": ":".join(str(folder) for folder in folders),
    }


def execute(
    program: Path, environment: Mapping[str, str], config: Mapping[str, Any], deadline: Deadline, run: Run
) -> bytes:
    """What the plugin printed, when it succeeded. Raises PluginFailed, DeadlineExceeded."""
    kind, command = program.name, environment["CNI_COMMAND"]
    try:
        finished = run(program, environment, json.dumps(config).encode(), deadline)
    except OSError as error:
        raise PluginFailed(kind, command, f"{program} cannot be run: {error.strerror}") from error
    if finished.timed_out:
        raise DeadlineExceeded(f"Plugin {kind!r} did not finish {command} within the deadline, and was killed.")
    if finished.status != 0:
        raise _failure(kind, command, finished)
    return finished.stdout


def result_of(printed: bytes, kind: str, version: str) -> dict[str, Any]:
    """The result that ADD printed; one without cniVersion is of the configuration's. Raises PluginFailed."""
    try:
        result = json.loads(printed)
    except ValueError as error:
        raise PluginFailed(kind, "ADD", f"its result is not JSON: {_shown(printed) or 'nothing'}") from error
    if not isinstance(result, dict):
        raise PluginFailed(kind, "ADD", f"its result is not an object: {_shown(printed)}")
    return result if result.get("cniVersion") else {**result, "cniVersion": version}


def _failure(kind: str, command: str, finished: Finished) -> PluginFailed:
    try:
        error = json.loads(finished.stdout)
    except ValueError:
        error = None
    if isinstance(error, dict) and (error.get("msg") or error.get("details")):
        code = error.get("code")
        details = str(error.get("details") or "")
        return PluginFailed(
            kind,
            command,
            str(error.get("msg") or details),
            plugin_code=code if isinstance(code, int) else None,
            details=details,
        )
    said = _shown(b"\n".join(finished.stderr.splitlines()[-STDERR_LINES:])) or _shown(finished.stdout)
    return PluginFailed(kind, command, f"{_ending(finished.status)}, {f'and said: {said}' if said else 'in silence'}")


def _ending(status: int) -> str:
    if status >= 0:
        return f"it exited with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"it was killed by {name}"


def _shown(text: bytes) -> str:
    """At most a few hundred characters of what a plugin printed, control characters made harmless."""
    words = text.decode(errors="replace").strip()[-500:]
    return "".join(character if character.isprintable() else " " for character in words)
