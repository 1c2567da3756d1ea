from __future__ import annotations

import os

from nuage_chain.cli import occupants


def test_this_process_is_in_its_own_namespace() -> None:
    assert os.getpid() in occupants.pids("/proc/self/ns/net")


def test_nobody_is_in_a_namespace_that_is_not_there() -> None:
    assert occupants.pids("/nowhere") == []
    occupants.end("/nowhere")


def test_a_file_that_is_no_namespace_has_nobody_in_it() -> None:
    assert occupants.pids("/proc/self/ns/uts") == []
