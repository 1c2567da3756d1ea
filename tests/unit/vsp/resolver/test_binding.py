from __future__ import annotations

import pytest

from nuage_chain.vsp.resolver.binding import FIRST_SERVICE_ID, LAST_SERVICE_ID, service_id


@pytest.mark.parametrize(("given", "expected"), [(20002, 20002), (1, 1)])
def test_vsds_own_number_is_taken(given: int, expected: int) -> None:
    assert service_id(given, "x") == expected


@pytest.mark.parametrize("given", [None, 0, -1, "20001"])
def test_without_one_it_is_made_from_the_id_and_always_the_same(given: object) -> None:
    made = service_id(given, "7ed1cdad")
    assert FIRST_SERVICE_ID <= made <= LAST_SERVICE_ID
    assert made == service_id(None, "7ed1cdad")
    assert made != service_id(None, "another")
