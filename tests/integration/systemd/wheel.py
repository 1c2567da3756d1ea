"""The wheel of this clone, as a user would build it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.integration.systemd.node import ROOT


def build(folder: Path) -> Path:
    """The wheel's path below `folder`. Nothing is written into the clone."""
    done = subprocess.run([ROOT / "scripts/lib/wheel.sh", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())
