"""For every test: hypothesis gives the same examples each time, and takes the time that a slow machine needs.

And the servers of an orchestrator, which tests of several floors ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.unit.orchestrators.servers import ApiServer, Kubemon, serving

pytest_plugins = ["tests.told", "tests.workers"]

settings.register_profile(
    "steady", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the certificates of the servers that a test plays are."""
    return tmp_path_factory.mktemp("authority")


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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="kill at every point, and run the random test for longer")
