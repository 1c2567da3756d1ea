"""The public surface of the errors: which class has which CNI code."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from nuage_chain import errors
from nuage_chain.errors import NuageChainError

CLASSES = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, NuageChainError)]
RESERVED_BY_THE_SPECIFICATION = {1, 2, 3, 4, 5, 6, 7, 8, 11, 50, 51}


@pytest.mark.parametrize("error", CLASSES, ids=lambda c: c.__name__)
def test_an_error_has_a_code_of_the_specification_or_one_of_ours(error: type[NuageChainError]) -> None:
    assert error.code in RESERVED_BY_THE_SPECIFICATION or 100 <= error.code <= 199


@pytest.mark.parametrize("error", CLASSES, ids=lambda c: c.__name__)
def test_an_error_says_what_to_do_next(error: type[NuageChainError]) -> None:
    assert re.fullmatch(r"[A-Z].*\.", error.hint, re.DOTALL)


def test_an_instance_may_say_more_precisely_what_to_do() -> None:
    assert errors.BadConfig("x", hint="Do this.").hint == "Do this."
    assert errors.BadConfig("x").hint != "Do this."


def test_every_code_of_ours_is_in_the_documentation() -> None:
    table = (Path(__file__).parents[2] / "docs" / "errors.md").read_text()
    for code in sorted({c.code for c in CLASSES}):
        assert re.search(rf"^\| {code} \|", table, re.MULTILINE), f"docs/errors.md has no line for {code}"
