from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from nuage_chain import tracing
from nuage_chain.attachment import traces
from nuage_chain.attachment.traces import traced
from nuage_chain.cni.request import Request
from nuage_chain.errors import VsdUnreachable

ADD = Request("ADD", "1.0.0", "c1", "/run/netns/c1", "eth0", {"K8S_POD_NAMESPACE": "shop", "K8S_POD_NAME": "web"},
              {"name": "nuage"})  # fmt: skip
LINE = {"time": 1.0, "verb": "ADD", "ms": 2.0, "result": "ok", "spans": []}


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return list(traces.read(folder))


def call(folder: Path, fails: BaseException | None = None, **environ: str) -> None:
    def verb(_: Request) -> None:
        tracing.note(folder=folder, call="ab12")
        with tracing.span(tracing.STEP, "plug into VRS"), tracing.span(tracing.OVSDB, "transact change"):
            if fails:
                raise fails

    traced(verb, lambda: 1700000000.0, environ, "agent")(ADD)


def test_a_call_leaves_one_line_with_its_steps(tmp_path: Path) -> None:
    call(tmp_path, TRACEPARENT="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
    [line] = lines_of(tmp_path)
    spans = line.pop("spans")
    assert line.pop("ms") >= 0
    assert line == {
        "time": 1700000000.0, "verb": "ADD", "network": "nuage", "container": "c1", "ifname": "eth0", "pod": "shop/web",
        "call": "ab12", "result": "ok", "way": "agent", "traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01",
    }  # fmt: skip
    assert [s[:2] for s in spans] == [["step", "plug into VRS"], ["ovsdb", "transact change"]]


def test_a_call_that_fails_leaves_its_line_too(tmp_path: Path) -> None:
    with pytest.raises(VsdUnreachable):
        call(tmp_path, VsdUnreachable("Down."))
    with pytest.raises(KeyboardInterrupt):
        call(tmp_path, KeyboardInterrupt())
    first, second = lines_of(tmp_path)
    assert (first["result"], first["code"], first["error"]) == ("error", 11, "Down.")
    assert [s[4:] for s in first["spans"]] == [[True], [True]]
    assert second["error"] == "KeyboardInterrupt"


def test_a_folder_that_cannot_be_written_fails_no_call(tmp_path: Path) -> None:
    call(tmp_path / "is" / "not" / "there")


def test_the_ring_has_two_files_of_bounded_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "LARGEST", 2000)
    for number in range(200):
        traces.write(tmp_path, LINE | {"number": number})
    sizes = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(sizes) == 2
    assert max(sizes) < 2200
    assert [line["number"] for line in lines_of(tmp_path)] == list(range(200))[-len(lines_of(tmp_path)) :]


def test_lines_of_calls_beside_each_other_do_not_mix_and_none_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "LARGEST", 40_000)

    def fifty(thread: int) -> None:
        for _ in range(50):
            traces.write(tmp_path, LINE | {"n": thread})

    threads = [threading.Thread(target=fifty, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines_of(tmp_path)) == 400


def test_what_is_no_line_is_left_out(tmp_path: Path) -> None:
    (tmp_path / traces.FILE).write_bytes(b'{"verb"\n[]\n{}\n\xff\n')
    traces.write(tmp_path, LINE)
    assert lines_of(tmp_path) == [LINE]


def test_each_line_is_counted_once_across_the_turn_of_the_ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "LARGEST", 1000)
    counted, position = 0, (0, 0)
    for number in range(60):
        traces.write(tmp_path, LINE | {"number": number})
        if number % 4 == 0:
            lines, position = traces.since(tmp_path, position)
            counted += len(lines)
    lines, position = traces.since(tmp_path, position)
    assert counted + len(lines) == 60
    assert traces.since(tmp_path, position) == ([], position)


def test_spans_outside_of_a_call_cost_nothing_and_are_kept_nowhere() -> None:
    with tracing.span(tracing.STEP, "x"):
        pass
    with tracing.recording() as record:
        pass
    assert record.spans == []
