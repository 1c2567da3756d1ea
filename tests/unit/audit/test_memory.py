from __future__ import annotations

from pathlib import Path

import pytest

from nuage_chain.audit.facts import Sighting
from nuage_chain.audit.memory import Memory, load, store
from nuage_chain.errors import IOFailure
from nuage_chain.vrs.rows import Names, Port

PORT = Port(
    "veth1", "02:00:00:00:00:01", "alubr0", "ab" * 32, "web", 4,
    Names("Acme", "bob", "Shop", "prod", "web"), {"static-ip": "10.0.0.9"}, {"nuage-chain-container": "c1"},
)  # fmt: skip
MEMORY = Memory(
    "boot-1",
    {("c1", "eth0"): 12.5},
    {("c2", "eth1"): Sighting("nuage", "call", "boot-1", "/run/netns/c2", PORT, 7, frozenset({"CRI", "Docker"}))},
)


def test_what_was_stored_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "state" / "audit.json"
    store(path, MEMORY)
    assert load(path) == MEMORY
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_was_seen_before_the_first_run(tmp_path: Path) -> None:
    assert load(tmp_path / "audit.json") == Memory()


@pytest.mark.parametrize("content", ["", "{", "[]", "1", '{"format": 2}', '{"format": 1}', '{"format":1,"boot":"b"}'])
def test_a_memory_that_cannot_be_read_is_put_aside_and_is_nothing_seen(tmp_path: Path, content: str) -> None:
    path = tmp_path / "audit.json"
    path.write_text(content)
    assert load(path) == Memory()
    assert path.with_suffix(".broken").read_text() == content


def test_a_memory_that_cannot_be_written_is_code_5_and_the_old_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "audit.json"
    store(path, MEMORY)

    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(IOFailure, match="No space left"):
        store(path, Memory())
    assert load(path) == MEMORY
