from __future__ import annotations

import pytest

from tests.integration.lab import Lab

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


@pytest.fixture
def cluster(lab: Lab) -> Lab:
    """The lab with a namespace's zone and one that is not."""
    lab.seed(CLUSTER)
    return lab
