from __future__ import annotations

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import OvsdbUnreachable
from nuage_chain.vrs.connection import Connection


@pytest.mark.parametrize(
    "remote",
    [
        "", "nonsense", "unix:", "unix:/nowhere/db.sock", "unix:/" + "x" * 300, "unix:/dev/zero", "unix:a\0b",
        "tcp:", "tcp:127.0.0.1:99999999", "tcp:127.0.0.1:1", "tcp:[::1", "ssl:127.0.0.1:1", "punix:/nowhere/x",
        "ptcp:0", "fd:1",
    ],
)  # fmt: skip
def test_a_remote_that_cannot_be_connected_to_is_unreachable(remote: str) -> None:
    with pytest.raises(OvsdbUnreachable) as caught:
        Connection(remote).transact([], Deadline(20))
    assert caught.value.code == 11
