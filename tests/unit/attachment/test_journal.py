from __future__ import annotations

import os
from pathlib import Path

import pytest

from nuage_chain.attachment.journal import Journal
from nuage_chain.attachment.record import ContainerEnd, HostEnd, Objects
from nuage_chain.errors import IOFailure
from tests.unit.attachment.samples import a_record


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state" / "journal", tmp_path / "run")


def test_a_record_is_read_as_it_was_written(journal: Journal) -> None:
    record = a_record(
        call="ab12", boot="b", values={"bridge": "alubr0"}, monitored="shop/web", addresses=["10.0.0.5"],
        host=HostEnd("veth1", 7, 3, 1500, "0", [{"address": "10.0.0.1", "prefixlen": 24, "family": 2}], []),
        container=ContainerEnd(2, "02:00:00:00:00:01", 1500, None, True, ["10.0.0.5/24"]),
        objects=Objects("subnets/1", "c", "i", "v", True), owed=["vsd"], problem="VSD is down.",
    )  # fmt: skip
    journal.write(record)
    assert journal.read("c1", "eth0") == record
    assert journal.read("c1", "eth1") is None


def test_only_root_can_read_it(journal: Journal) -> None:
    journal.write(a_record())
    modes = [path.stat().st_mode & 0o777 for path in (journal.folder, *journal.folder.iterdir())]
    assert modes == [0o700, 0o600]


def test_every_file_and_folder_is_on_disk_before_write_returns(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        synced.append(Path(f"/proc/self/fd/{fd}").readlink().suffix)
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    journal.write(a_record())
    assert synced == ["", ".part", ""], "the new folder's parent, the content, the folder that names it"


def test_a_debt_stands_beside_a_call_and_outlives_it(journal: Journal) -> None:
    call, debt = a_record(), a_record(verb="DEL", owed=["vsd"])
    journal.write(call)
    journal.owe(debt)
    assert journal.read("c1", "eth0") == call
    journal.ended(call)
    assert (journal.read("c1", "eth0"), journal.debts()) == (debt, [debt])
    journal.paid(debt)
    assert journal.records() == []


def test_records_are_listed_the_oldest_first(journal: Journal) -> None:
    for container_id, since in (("late", 3.0), ("early", 1.0), ("middle", 2.0)):
        journal.write(a_record(container_id=container_id, since=since))
    assert [r.container_id for r in journal.records()] == ["early", "middle", "late"]
    assert journal.debts() == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 2}', b'{"format": 1, "verb": "ADD"}', b"\xff"])
def test_a_file_that_is_no_record_is_put_aside_and_told(journal: Journal, content: bytes) -> None:
    journal.write(a_record())
    [path] = journal.folder.iterdir()
    path.write_bytes(content)
    assert journal.read("c1", "eth0") is None
    assert journal.records() == []
    assert journal.broken() == [str(path.with_suffix(".broken"))]


def test_what_a_killed_writer_left_is_no_record_and_is_swept(journal: Journal) -> None:
    journal.write(a_record())
    half = journal.folder / "abc.1-2.part"
    half.write_bytes(b'{"form')
    assert len(journal.records()) == 1
    journal.sweep(before=half.stat().st_mtime - 1)
    assert half.exists(), "its writer may be at it"
    journal.sweep(before=half.stat().st_mtime + 1)
    assert not half.exists()


def test_a_folder_that_cannot_be_written_is_code_5_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(IOFailure, match=r"state/journal/\w+\.call cannot be written: Not a directory") as e:
        Journal(tmp_path / "state" / "journal", tmp_path).write(a_record())
    assert e.value.code == 5


def test_a_full_disk_is_code_5_and_leaves_no_file(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    journal.write(a_record(container_id="before"))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(IOFailure, match="No space left"):
        journal.write(a_record())
    assert len(list(journal.folder.iterdir())) == 1


def test_an_empty_journal_needs_no_folder(journal: Journal) -> None:
    assert (journal.records(), journal.debts(), journal.broken()) == ([], [], [])
