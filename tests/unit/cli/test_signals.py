from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from nuage_chain.cli import signals


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in signals.ENDING}
    for number in signals.ENDING:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", signals.ENDING)
def test_a_signal_becomes_an_exception_that_knows_it(number: signal.Signals) -> None:
    signals.raise_them()
    with pytest.raises(signals.Interrupted, match=f"Interrupted by {number.name}") as caught:
        os.kill(os.getpid(), number)
    assert caught.value.number == number


def test_a_second_signal_does_not_break_off_the_clean_up_after_the_first(capfd: pytest.CaptureFixture[str]) -> None:
    signals.raise_them()
    with pytest.raises(signals.Interrupted, match="SIGINT"):
        os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    assert capfd.readouterr().err == "nuage-chain: still cleaning up; please wait.\n" * 2


def test_a_signal_that_was_ignored_stays_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signals.raise_them()
    os.kill(os.getpid(), signal.SIGHUP)
    with signals.held():
        os.kill(os.getpid(), signal.SIGHUP)


def test_held_signals_come_when_the_work_is_done(capfd: pytest.CaptureFixture[str]) -> None:
    signals.raise_them()
    done = []

    def work() -> None:
        with signals.held():
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)
            done.append(1)

    with pytest.raises(signals.Interrupted) as caught:
        work()
    assert done == [1]
    assert caught.value.number == signal.SIGTERM
    assert capfd.readouterr().err == "nuage-chain: still cleaning up; please wait.\n" * 2
    with pytest.raises(signals.Interrupted):
        os.kill(os.getpid(), signal.SIGTERM)


def test_an_error_of_the_work_itself_is_not_hidden_by_a_held_signal() -> None:
    signals.raise_them()

    def work() -> None:
        with signals.held():
            os.kill(os.getpid(), signal.SIGTERM)
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        work()
