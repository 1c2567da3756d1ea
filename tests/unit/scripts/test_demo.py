from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nuage_chain.errors import VsdUnreachable
from scripts.lib import demo


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], int]:
    """The exit status of a demo whose first part is something else."""
    monkeypatch.setenv("CNI_PATH", "")
    monkeypatch.chdir(Path.cwd())

    def show(work: Callable[[], object]) -> int:
        monkeypatch.setattr(demo, "start", work)
        return demo.main(keep=True)

    return show


def unreachable() -> None:
    raise VsdUnreachable("VSD at https://127.0.0.1:8443 cannot be reached.")


@pytest.mark.parametrize(
    ("work", "said"),
    [
        (unreachable, "VSD at https://127.0.0.1:8443 cannot be reached."),
        (lambda: Path("/nowhere/config.yaml").read_text(), "No such file or directory: '/nowhere/config.yaml'"),
        (lambda: demo.sh("sleep", "5", seconds=0.1), "`sleep 5` has not ended after 0.1 s"),
        (lambda: demo.sh("false"), "`false` failed"),
        (lambda: demo.expect(False, "the sky is green"), "the sky is green"),
    ],
)
def test_whatever_goes_wrong_ends_the_demo_with_one_clear_line(
    shown: Callable[[Callable[[], object]], int],
    capsys: pytest.CaptureFixture[str],
    work: Callable[[], object],
    said: str,
) -> None:
    assert shown(work) == 1
    [line] = capsys.readouterr().err.split("\n")[1:-1]
    assert line.startswith("✗ Not as it should be: ")
    assert said in line
