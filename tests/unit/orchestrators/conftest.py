from __future__ import annotations

import pytest

from nuage_chain.deadline import Deadline


@pytest.fixture
def deadline() -> Deadline:
    return Deadline(20)
