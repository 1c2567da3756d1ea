from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TextIO

import pytest

SETUP = Path(__file__).parents[3] / "scripts/lib/setup.sh"


def bash(policy: Path, script: str, stdin: TextIO | None = None) -> subprocess.CompletedProcess[str]:
    """What the script does with the functions of setup.sh, where the policy is that file."""
    words = ["bash", "-c", f"set -euo pipefail; . {SETUP}; SERVICE_POLICY=$1; {script}", "bash", str(policy)]
    return subprocess.run(words, stdin=stdin, capture_output=True, text=True, timeout=20, check=False)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return tmp_path / "policy-rc.d"


def test_no_service_starts_while_packages_are_installed_and_all_may_afterwards(policy: Path) -> None:
    done = bash(policy, 'status=0; without_services sh -c \'"$0" || exit $?\' "$1" || status=$?; echo $status')
    assert (done.stdout, done.stderr) == ("101\n", "")
    assert not policy.exists()


def test_the_policy_of_a_run_that_was_killed_is_taken_away_by_the_next_one(policy: Path) -> None:
    assert bash(policy, "without_services sh -c 'kill -KILL $PPID'").returncode == -9
    assert policy.exists()
    assert bash(policy, "install_packages").returncode == 0
    assert not policy.exists()


def test_the_policy_of_a_run_that_goes_on_stays(policy: Path) -> None:
    bash(policy, "without_services sh -c 'kill -KILL $PPID'")
    lines = policy.read_text().splitlines()
    policy.write_text("\n".join([lines[0], f"{lines[1].rpartition(' ')[0]} {os.getpid()}", lines[2], ""]))
    assert bash(policy, "install_packages; without_services true").returncode == 0
    assert policy.exists()


def test_somebody_else_s_policy_stays_as_it_is(policy: Path) -> None:
    policy.write_text("#!/bin/sh\nexit 104\n")
    assert bash(policy, "install_packages; without_services true").returncode == 0
    assert policy.read_text() == "#!/bin/sh\nexit 104\n"


def test_packages_are_installed_without_a_question(tmp_path: Path, policy: Path) -> None:
    """Its standard output is a log, so that nobody would see the question, and it would wait for ever."""
    asks = 'apt-get() { [ "$DEBIAN_FRONTEND" = noninteractive ] && ! read -r && echo "$*"; }'
    reading, writing = os.pipe()
    with os.fdopen(reading) as typed, os.fdopen(writing):
        done = bash(policy, f"VENV={tmp_path}; {asks}; install_packages no-such-package", typed)
    assert done.returncode == 0, done.stderr
    [*_, install] = (tmp_path / "apt.log").read_text().splitlines()
    assert "-o Dpkg::Options::=--force-confold" in install
    assert install.endswith(" no-such-package")


@pytest.mark.parametrize("file", ["pyproject.toml", "requirements.lock"])
def test_what_a_tree_is_made_of_changes_its_stamp(tmp_path: Path, file: str) -> None:
    """A box with the libraries of yesterday fails at the first import of one that was added."""
    root = SETUP.parents[2]
    for name in ("pyproject.toml", "requirements.lock", "scripts/lib/node.sh"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((root / name).read_bytes())
    script = f". {root}/scripts/lib/node.sh; ROOT={tmp_path}; tree_stamp"
    before = bash(tmp_path, script).stdout
    text = (tmp_path / file).read_text()
    (tmp_path / file).write_text(text.replace("requests", "requests ", 1))
    assert text != (tmp_path / file).read_text()
    assert before
    assert bash(tmp_path, script).stdout != before
