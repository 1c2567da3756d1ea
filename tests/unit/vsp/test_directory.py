from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.vsp import cluster, node

FILES = ("run/x", "log/x", "db/x", "config.yaml", "lock.txt")


@pytest.mark.parametrize("purge", [True, False])
@pytest.mark.parametrize("down", [node.down, cluster.down])
def test_down_where_no_vsp_ever_was_touches_nothing(tmp_path: Path, down: Callable[..., bool], purge: bool) -> None:
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    assert not down(tmp_path, environment={}, deadline=Deadline(5), purge=purge)
    assert sorted(tmp_path.rglob("*")) == before
