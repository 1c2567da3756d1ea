from __future__ import annotations

import traceback

import pytest

from nuage_chain.yaml_text import NotYaml, parse

WRONG = {
    "a bracket that nobody closes": ("a: [", ": line 1, column 5"),
    "a control character": ("\0", ""),
    "an impossible date": ("a: 2024-13-45", ""),
    "an offset that no clock has": ("a: !!timestamp '2001-12-14 21:59:43+99:99'", ""),
    "a number that is none": ("a: !!int ''", ""),
    "neither true nor false": ("a: !!bool x", ""),
    "no date": ("a: !!timestamp x", ""),
    "a number too large": (f"a: 1{':59' * 200}.0", ""),
    "more brackets than the parser can hold": ("[" * 2000, ""),
}


@pytest.mark.parametrize(("text", "where"), WRONG.values(), ids=WRONG)
def test_whatever_is_wrong_is_one_error_that_says_where(text: str, where: str) -> None:
    with pytest.raises(NotYaml) as caught:
        parse(text.encode())
    assert str(caught.value) == where


def test_the_error_repeats_nothing_of_the_text() -> None:
    secret = "s3cret"
    content = f"password: !!int {secret}".encode()
    with pytest.raises(NotYaml) as caught:
        parse(content)
    assert secret in caught.value.words
    assert secret not in "".join(traceback.format_exception(caught.value))


def test_what_is_right_is_what_it_holds() -> None:
    assert parse(b"a: [1, b]") == {"a": [1, "b"]}
