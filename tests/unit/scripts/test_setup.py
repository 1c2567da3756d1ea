from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[3] / "scripts/lib/setup.sh"


def bash(policy: Path, script: str) -> subprocess.CompletedProcess[str]:
    """What the script does with the functions of setup.sh, where the policy is that file."""
    words = ["bash", "-c", f"set -euo pipefail; . {SETUP}; SERVICE_POLICY=$1; {script}", "bash", str(policy)]
    return subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)


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
