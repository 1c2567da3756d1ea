from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "scripts/lib"
# In place of a minute of mmdebstrap.
BUILD = 'build_tree() { mkdir "$2"; touch "$2/built"; }'


def install(venv: Path, script: str = "") -> subprocess.CompletedProcess[str]:
    """install_node, with its tree in that folder."""
    source = f". {SCRIPTS}/setup.sh; VENV=$1; . {SCRIPTS}/node.sh"
    words = ["bash", "-c", f"set -euo pipefail; {source}; {BUILD}; {script}\ninstall_node", "bash", str(venv)]
    return subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "node/root"


def test_the_tree_is_built_once(tmp_path: Path, root: Path) -> None:
    done = install(tmp_path)
    assert (done.returncode, "building it" in done.stdout) == (0, True), done.stderr
    (root / "built").unlink()
    assert install(tmp_path).stdout == "  Test node: there\n"
    assert list(root.iterdir()) == []


def test_a_tree_that_another_run_has_built_meanwhile_is_left_as_it_is(tmp_path: Path, root: Path) -> None:
    """That run boots its machines from it."""
    meanwhile = 'mkdir "$NODE/root"; touch "$NODE/root/theirs"; tree_stamp >"$NODE/.stamp"'
    done = install(tmp_path, f'flock() {{ command flock "$@"; [ "$1" = -u ] || {{ {meanwhile}; }}; }}')
    assert (done.returncode, done.stdout) == (0, "  Test node: there\n"), done.stderr
    assert [file.name for file in root.iterdir()] == ["theirs"]
