from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nuage_chain.attachment.lock import Busy, Locks
from nuage_chain.deadline import Deadline
from nuage_chain.errors import IOFailure

KEY, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2
HOLD = """
import sys, time
from pathlib import Path
from nuage_chain.attachment.lock import Locks
with Locks(Path(sys.argv[1])).tried(sys.argv[2]) as ours:
    print(ours, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def locks(tmp_path: Path) -> Locks:
    return Locks(tmp_path / "run")


def test_two_calls_for_one_attachment_keep_each_other_out_also_in_one_process(locks: Locks) -> None:
    with locks.tried(KEY) as first, locks.tried(KEY) as second:
        assert (first, second) == (True, False)
    with locks.tried(KEY) as again:
        assert again


def test_other_attachments_are_free(locks: Locks) -> None:
    with locks.tried(KEY) as first, locks.tried(OTHER) as second:
        assert (first, second) == (True, True)


def test_a_lock_that_stays_held_is_code_11_with_the_attachment(locks: Locks) -> None:
    with (
        locks.tried(KEY),
        pytest.raises(Busy, match="still working on eth0 of container c1") as e,
        locks.held(KEY, Deadline(0.05), "eth0 of container c1"),
    ):
        pytest.fail("it is held")
    assert e.value.code == 11


def test_a_lock_that_becomes_free_in_time_is_taken(locks: Locks) -> None:
    taken = threading.Event()

    def wait() -> None:
        with locks.held(KEY, Deadline(20), "it"):
            taken.set()

    with locks.tried(KEY):
        thread = threading.Thread(target=wait)
        thread.start()
        assert not taken.wait(0.1)
    thread.join(20)
    assert taken.is_set()


def test_a_lock_is_free_as_soon_as_its_holder_is_killed(locks: Locks) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(locks.folder), KEY], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "True\n"
        with locks.tried(KEY) as ours:
            assert not ours
    finally:
        holder.kill()
        holder.communicate()
    with locks.tried(KEY) as ours:
        assert ours


def test_a_folder_that_cannot_be_made_is_code_5(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IOFailure, match="file of locks"), Locks(tmp_path / "file" / "run").tried(KEY):
        pytest.fail("there is no folder")
