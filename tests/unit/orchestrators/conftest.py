from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nuage_chain.deadline import Deadline
from tests.unit.orchestrators.servers import ApiServer, Kubemon, serving


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("authority")


@pytest.fixture
def deadline() -> Deadline:
    return Deadline(20)


@pytest.fixture
def kubemon(authority: Path) -> Iterator[Kubemon]:
    service = Kubemon(authority)
    with serving(service):
        yield service


@pytest.fixture
def api(authority: Path) -> Iterator[ApiServer]:
    service = ApiServer(authority)
    with serving(service):
        yield service
