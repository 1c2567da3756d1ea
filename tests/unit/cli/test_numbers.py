from __future__ import annotations

import pytest

from nuage_chain.cli.main import main


@pytest.mark.parametrize("value", ["inf", "nan", "-1", "soon", ""])
@pytest.mark.parametrize(
    ("command", "option"),
    [("audit plan", "--grace"), ("audit apply", "--grace"), ("install --dry-run", "--wait"), ("vsp up", "--timeout")],
)
def test_a_time_that_has_no_end_or_is_none_is_refused(
    command: str, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), f"{option}={value}"])
    assert ended.value.code == 2
    assert f"argument {option}: {value!r} is not a number of seconds" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["0", "-3", "1.5", "all", ""])
def test_a_list_of_no_calls_is_refused(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["trace", f"--last={value}"])
    assert ended.value.code == 2
    assert f"argument --last: {value!r} is not a whole number above zero" in capsys.readouterr().err
