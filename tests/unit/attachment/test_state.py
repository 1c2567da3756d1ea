from __future__ import annotations

import errno
import io
import sys

import pytest

from nuage_chain.attachment.state import World


def test_a_notice_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    World("node1").notice("It rains.")
    assert tuple(capsys.readouterr()) == ("", "nuage-chain: It rains.\n")


def test_a_notice_without_standard_error_is_told_to_nobody(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    World("node1").notice("It rains.")
    assert capsys.readouterr().out == ""


def test_a_notice_on_a_full_device_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    class Full(io.StringIO):
        def write(self, text: str, /) -> int:
            tried.append(text)
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())
    World("node1").notice("It rains.")
    assert tried == ["nuage-chain: It rains.\n"]
