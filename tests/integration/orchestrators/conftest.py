from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.lab import Lab
from tests.unit.orchestrators.servers import ApiServer, Kubemon, serving

CLUSTER = {
    "enterprises": [
        {
            "name": "Acme",
            "domains": [
                {
                    "name": "Shop",
                    "zones": [
                        # as nuagekubemon makes them for a namespace
                        {"name": "shop", "subnets": [{"name": "shop-0", "cidr": "10.10.50.0/24"}]},
                        {"name": "ops", "subnets": [{"name": "ops-1", "cidr": "10.10.51.0/24"}]},
                    ],
                }
            ],
        }
    ]
}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("authority")


@pytest.fixture
def cluster(lab: Lab) -> Lab:
    """The lab with a namespace's zone and one that is not."""
    lab.seed(CLUSTER)
    return lab


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
