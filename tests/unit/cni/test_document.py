from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nuage_chain.cni import document
from nuage_chain.errors import DecodeFailure

NO_DOCUMENT = {
    "nothing": b"",
    "half": b"{",
    "a list": b"[]",
    "a text": b'"x"',
    "null": b"null",
    "true": b"true",
    "no UTF-8 at all": b"\xff\xfe",
    "UTF-16": '{"name": "x"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "something after it": b"{} {}",
    "a zero byte after it": b"{}\0",
    "a zero byte in a text": b'{"a": "\0"}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "a number beyond all bounds": b'{"a": 1e400}',
    "a number of a megabyte": b'{"a": ' + b"9" * (1 << 20) + b"}",
    "nested without end": b'{"a":' * 100_000,
    "nested too deep": b'{"a":' * 500 + b"1" + b"}" * 500,
    "lists nested too deep": b'{"a":' + b"[" * 200 + b"]" * 200 + b"}",
    "a comment": b"{/* */}",
    "single quotes": b"{'a': 1}",
    "a comma too many": b'{"a": 1,}',
    "more than anybody writes": b'{"a": "' + b"x" * document.MAX_BYTES + b'"}',
}


@pytest.mark.parametrize("case", NO_DOCUMENT)
def test_what_is_no_json_object_is_a_decode_failure(case: str) -> None:
    with pytest.raises(DecodeFailure) as caught:
        document.decode(NO_DOCUMENT[case])
    assert caught.value.code == 6
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a": "\\ud83d"}', {"a": "\ufffd"}),
        (b'{"\\udc00": ["x\\udfffy", {"b": "\\ude00\\ud83d"}]}', {"\ufffd": ["x\ufffdy", {"b": "\ufffd\ufffd"}]}),
        (b'{"a": "\\\\ud800"}', {"a": "\\ud800"}),
        (b'{"a": "\xff"}', {"a": "\ufffd"}),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b' \n{"a": 12345678901234567890, "b": 1e2, "c": -0.5} \t', {"a": 12345678901234567890, "b": 100.0, "c": -0.5}),
    ],
)
def test_texts_and_numbers_are_read_as_go_reads_them(text: bytes, expected: dict[str, Any]) -> None:
    assert document.decode(text) == expected


def test_a_megabyte_of_annotations_is_read() -> None:
    annotations = {f"example.com/{n}": "x" * 1000 for n in range(1100)}
    config = {"name": "net", "runtimeConfig": {"io.kubernetes.cri.pod-annotations": annotations}}
    assert document.decode(json.dumps(config).encode()) == config


def test_of_one_key_in_two_cases_the_later_counts_unless_it_is_null() -> None:
    assert document.folded({"Name": "a", "NAME": "b", "other": 1, "Other": 2}, ["name"]) == {
        "name": "b", "other": 1, "Other": 2,
    }  # fmt: skip
    assert document.folded({"name": "a", "NAME": None}, ["name"]) == {"name": "a"}
    assert document.folded({"NAME": None}, ["name"]) == {"name": None}


@settings(derandomize=True, deadline=None, max_examples=150)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_the_bytes_are_there_is_an_object_or_a_decode_failure(text: bytes) -> None:
    try:
        value = document.decode(text)
    except DecodeFailure:
        return
    assert json.loads(text) == value


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=30))
def test_what_is_written_is_utf8_and_one_document(text: str) -> None:
    written = document.encode({"msg": text})
    assert json.loads(written.encode()) == {"msg": document.whole(text)}
