from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuage_chain import relay
from nuage_chain.agent import wire

NO_NUL = st.binary(min_size=1).filter(lambda text: b"\0" not in text)


def test_both_sides_have_the_same_words() -> None:
    words = ("MAGIC", "ALIVE", "ACCEPTED", "REPLY")
    assert [getattr(relay, w) for w in words] == [getattr(wire, w) for w in words]
    assert relay.LARGEST < wire.LARGEST


@given(NO_NUL, NO_NUL, st.binary())
def test_what_the_relay_sends_is_what_the_agent_reads(args: bytes, trace: bytes, stdin: bytes) -> None:
    environ = {b"CNI_ARGS": args, b"TRACEPARENT": trace, b"PATH": b"/bin", b"SSL_CERT_FILE": b"/x"}
    message = relay.message("c0ffee", environ, stdin)
    assert wire.length(message[:40]) == len(message)
    call = wire.parse(message)
    assert (call.token, call.stdin, call.verb) == ("c0ffee", stdin, "")
    assert call.environ == {"CNI_ARGS": os.fsdecode(args), "TRACEPARENT": os.fsdecode(trace)}


@given(st.integers(0, 255), st.binary(), st.binary())
def test_what_the_agent_answers_is_what_the_relay_reads_once_it_is_all_there(
    status: int, out: bytes, err: bytes
) -> None:
    answer = wire.reply(status, out, err)
    assert relay._reply(answer) == (status, out, err)
    assert all(relay._reply(answer[:cut]) is None for cut in range(len(answer)))


@pytest.mark.parametrize(
    "message",
    [
        b"GET / HTTP/1.1\r\n",
        b"\0",
        b"nuage-chain 2 5\n",
        b"nuage-chain 1 -5\n",
        b"nuage-chain 1 \n",
        b"nuage-chain 1 " + b"9" * 60,
        b"nuage-chain 1 104857600\n",
    ],
)
def test_what_is_no_call_is_seen_before_much_of_it_is_read(message: bytes) -> None:
    with pytest.raises(wire.Garbage):
        wire.length(message)


@pytest.mark.parametrize("begin", [b"", b"n", b"nuage-chain 1", b"nuage-chain 1 12"])
def test_a_first_line_may_come_in_parts(begin: bytes) -> None:
    assert wire.length(begin) is None


@given(st.binary())
def test_whatever_a_message_holds_it_is_a_call_or_garbage(body: bytes) -> None:
    try:
        wire.parse(b"nuage-chain 1 %d\n" % len(body) + body)
    except wire.Garbage:
        return


def test_a_namespace_has_to_be_the_same_one_for_both_sides(tmp_path: Path) -> None:
    there, gone = tmp_path / "there", tmp_path / "gone"
    there.touch()

    def call(seen: Path, path: Path) -> wire.Call:
        message = relay.message("0", {b"CNI_NETNS": str(seen).encode()}, b"")
        return wire.Call("0", wire.parse(message).namespace, {"CNI_NETNS": str(path)}, b"")

    assert [call(there, there).is_seen_here(), call(gone, gone).is_seen_here()] == [True, True]
    assert [call(there, gone).is_seen_here(), call(gone, there).is_seen_here()] == [False, False]
    assert wire.parse(relay.message("0", {}, b"")).is_seen_here()
