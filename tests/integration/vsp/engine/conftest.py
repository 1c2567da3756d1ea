"""One VSP for all tests of the engine, and a domain of its own for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.vsp.conftest import Lab, new_netns
from tests.integration.vsp.policies import Domain, new_domain

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("v") / "s", new_netns())
    made.outside = True
    try:
        made.up()
        made.seed()
        yield made
        for daemon in ("ovn-controller", "ovn-northd"):
            lines = made.layout.log_of(daemon).read_text().splitlines()
            assert [line for line in lines if "error" in line] == [], "OVN understands all that it is told"
    finally:
        made.close()


@pytest.fixture
def domain(lab: Lab) -> Domain:
    return new_domain(lab)
