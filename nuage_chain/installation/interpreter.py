"""The Python that runs what is installed: one of the system, which stays when a virtual environment goes."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from nuage_chain.errors import NotAvailable

_FOLDERS = (Path("/usr/bin"), Path("/usr/local/bin"))
_ABI = "import sysconfig; print(sysconfig.get_config_var('SOABI'))"
_SECONDS = 20


def find(root: Path, chosen: Path | None) -> Path:
    """Its path on the node. chosen: by a person. Raises NotAvailable where there is none that our libraries fit.

    The libraries that are copied are built for one minor version.
    """
    name = f"python3.{sys.version_info.minor}"
    for path in [chosen] if chosen else [folder / name for folder in _FOLDERS]:
        here = root / path.relative_to("/") if path.is_absolute() else path
        if path.is_absolute() and " " not in str(path) and os.access(here, os.X_OK) and _fits(root, here):
            return path
    looked = str(chosen) if chosen else " or ".join(str(folder / name) for folder in _FOLDERS)
    raise NotAvailable(
        f"There is no {looked} that fits the libraries of {sys.executable}.",
        hint="Make the virtual environment with the system's own Python (/usr/bin/python3 -m venv), or name another "
        "by --python.",
    )


def _fits(root: Path, path: Path) -> bool:
    if root != Path("/"):
        # A program of an image may be none of this machine.
        return True
    try:
        done = subprocess.run(
            [path, "-I", "-c", _ABI], capture_output=True, text=True, timeout=_SECONDS, check=False, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.strip() == str(sysconfig.get_config_var("SOABI"))
