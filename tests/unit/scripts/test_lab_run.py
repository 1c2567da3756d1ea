from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).parents[3] / "vagrant/run"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--provider"], "--provider needs a name: libvirt or static."),
        (["--provider="], "The providers are libvirt and static."),
        (["--provider", "cloud"], "The providers are libvirt and static."),
        (["up"], "up is not known: "),
    ],
)
def test_what_is_not_understood_is_said_before_anything_is_done(words: list[str], said: str) -> None:
    done = subprocess.run([RUN, *words], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"✗ {said}")
