"""The ready lists pass the linter, with the plugins that are installed here."""

from __future__ import annotations

import os

import pytest

from nuage_chain.attachment import lint
from nuage_chain.attachment.rules import RULES
from nuage_chain.cli.joining import plugin_dirs
from tests.integration.lab import ROOT

pytestmark = pytest.mark.root


def test_the_linter_finds_nothing_in_the_ready_lists() -> None:
    files = lint.configurations(ROOT / "conflists")
    assert len(files) >= 7
    assert lint.lint(files, plugin_dirs({"PATH": os.environ["PATH"]}), RULES) == []
