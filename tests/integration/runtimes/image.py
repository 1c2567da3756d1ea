"""An image of busybox alone, as an archive that every runtime imports, so that no test needs a registry."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import shutil
import tarfile
from pathlib import Path

NAME = "localhost/busybox:latest"
APPLETS = ("cat", "ip", "sh", "sleep", "true")
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
FOREVER = ["/bin/sleep", "86400"]


def write(file: Path) -> None:
    """A docker archive of one layer; without a command of its own, a container of it sleeps, as a pause image does."""
    layer = _layer()
    config = json.dumps(
        {
            "architecture": ARCHITECTURES[platform.machine()],
            "os": "linux",
            "config": {"Cmd": FOREVER, "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    manifest = [{"Config": "config.json", "RepoTags": [NAME], "Layers": ["layer.tar"]}]
    with tarfile.open(file, "w") as archive:
        for name, content in (("config.json", config), ("layer.tar", layer), ("manifest.json", _json(manifest))):
            _put(archive, name, content)


def _layer() -> bytes:
    busybox = shutil.which("busybox")
    assert busybox, "busybox is missing: apt-get install -y --no-install-recommends busybox-static"
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as layer:
        _put(layer, "bin/busybox", Path(busybox).read_bytes())
        for applet in APPLETS:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            layer.addfile(link)
    return written.getvalue()


def _put(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o755
    archive.addfile(entry, io.BytesIO(content))


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
