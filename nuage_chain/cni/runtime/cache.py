"""The result cache, where libcni keeps it and as libcni writes it, so that either can undo the other's attachments.

`<folder>/results/<network>-<container>-<ifname>` holds JSON of kind `cniCacheV1`, with libcni before 0.8 the result.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nuage_chain.cni.runtime.attachment import Attachment
from nuage_chain.cni.runtime.conflist import Network
from nuage_chain.errors import IOFailure
from nuage_chain.whole_file import write_whole

KIND = "cniCacheV1"


@dataclass(frozen=True)
class Cached:
    """What the cache has of an attachment. network: the name; config: the list as it was at ADD."""

    network: str
    attachment: Attachment
    config: bytes
    result: dict[str, Any] | None


@dataclass(frozen=True)
class Contents:
    """All that a cache holds. strange: files of which nobody can tell whose they are."""

    found: list[Cached]
    strange: list[Path]


class Cache:
    """One cache folder; /var/lib/cni is everybody's default."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._results = folder / "results"

    def write(self, network: Network, attachment: Attachment, result: dict[str, Any]) -> None:
        """Keep the result of an ADD; the file is there whole or not at all. Raises IOFailure."""
        target = self._path(network.name, attachment)
        text = json.dumps(_content(network, attachment, result))
        try:
            self._results.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Beside `results`, for libcni takes every file in it for an attachment.
            write_whole(target, text.encode(), drafts=self._folder)
        except OSError as error:
            raise IOFailure(f"The result cannot be kept in {target}: {error.strerror}.") from error

    def result(self, network_name: str, attachment: Attachment) -> dict[str, Any] | None:
        """The result of the attachment's ADD; None where there is none, or nothing readable."""
        content = _read(self._path(network_name, attachment))
        if content is None:
            return None
        result = content.get("result") if content.get("kind") == KIND else content
        return result if isinstance(result, dict) else None

    def remove(self, network_name: str, attachment: Attachment) -> None:
        """Forget the attachment; that it is not known is fine. Raises IOFailure."""
        path = self._path(network_name, attachment)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise IOFailure(f"{path} cannot be removed: {error.strerror}.") from error

    def attachments(self, container_id: str | None = None) -> list[Cached]:
        """What the cache knows of, of one container or of all; files of the old format do not tell."""
        try:
            found = self.contents().found
        except IOFailure:
            return []
        return [one for one in found if container_id in (None, one.attachment.container_id)]

    def contents(self) -> Contents:
        """All of it, which is nothing where there is no folder. Raises IOFailure where it cannot be listed."""
        try:
            files = sorted(path for path in self._results.iterdir() if path.is_file())
        except FileNotFoundError:
            files = []
        except OSError as error:
            raise IOFailure(f"{self._results} cannot be read: {error.strerror}.") from error
        read = [(path, _cached(content) if (content := _read(path)) is not None else None) for path in files]
        # One that is away by now was removed by the DEL of its attachment.
        strange = [path for path, one in read if one is None and path.exists()]
        return Contents([one for _, one in read if one is not None], strange)

    def _path(self, network_name: str, attachment: Attachment) -> Path:
        return self._results / f"{network_name}-{attachment.container_id}-{attachment.ifname}"


def _content(network: Network, attachment: Attachment, result: dict[str, Any]) -> dict[str, Any]:
    optional = {
        "netns": attachment.netns,
        "cniArgs": [list(pair) for pair in attachment.args],
        "capabilityArgs": attachment.capability_args,
    }
    return {
        "kind": KIND,
        "containerId": attachment.container_id,
        "config": base64.b64encode(network.raw).decode(),
        "ifName": attachment.ifname,
        "networkName": network.name,
        **{name: value for name, value in optional.items() if value},
        "result": result,
    }


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def _cached(content: dict[str, Any]) -> Cached | None:
    names = [content.get(key) for key in ("containerId", "ifName", "networkName")]
    if content.get("kind") != KIND or not all(isinstance(name, str) and name for name in names):
        return None
    container_id, ifname, network = (str(name) for name in names)
    result = content.get("result")
    try:
        attachment = Attachment(
            container_id=container_id,
            netns=str(content.get("netns") or ""),
            ifname=ifname,
            args=[(str(key), str(value)) for key, value in content.get("cniArgs") or []],
            capability_args=dict(content.get("capabilityArgs") or {}),
        )
        config = base64.b64decode(content.get("config") or "")
    except (TypeError, ValueError):
        return None
    return Cached(network, attachment, config, result if isinstance(result, dict) else None)
