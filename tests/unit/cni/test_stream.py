from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

import pytest

from nuage_chain.cni import stream
from nuage_chain.errors import IOFailure, TryAgainLater


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    both = os.pipe()
    yield both
    for fd in both:
        with contextlib.suppress(OSError):
            os.close(fd)


def test_input_is_read_to_its_end_however_it_comes(pipe: tuple[int, int]) -> None:
    written = os.urandom(3 << 20)

    def write() -> None:
        with open(pipe[1], "wb") as file:
            file.write(written)

    writer = threading.Thread(target=write)
    writer.start()
    assert stream.read_all(pipe[0], 20, 1 << 24) == written
    writer.join()


def test_no_more_is_read_than_is_needed_to_see_that_it_is_too_much() -> None:
    fd = os.open("/dev/zero", os.O_RDONLY)
    try:
        assert 1 << 21 < len(stream.read_all(fd, 20, 1 << 21)) < 1 << 23
    finally:
        os.close(fd)


def test_a_writer_that_does_not_end_is_not_waited_for(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"{}")
    with pytest.raises(TryAgainLater, match=r"did not end within 0\.2 s"):
        stream.read_all(pipe[0], 0.2, 100)


@pytest.mark.parametrize(
    ("path", "flags", "says"),
    [(os.devnull, os.O_WRONLY, "Bad file descriptor"), ("/", os.O_RDONLY, "Is a directory")],
)
def test_a_descriptor_that_cannot_be_read_is_an_io_failure(path: str, flags: int, says: str) -> None:
    fd = os.open(path, flags)
    try:
        with pytest.raises(IOFailure, match=says):
            stream.read_all(fd, 10, 100)
    finally:
        os.close(fd)
