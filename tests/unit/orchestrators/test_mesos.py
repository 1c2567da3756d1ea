from __future__ import annotations

from typing import Any

import pytest

from nuage_chain.orchestrators import mesos

PAIRS = [{"key": "zone", "value": "front"}, {"key": "empty"}]


def config(labels: Any) -> dict[str, Any]:
    return {"args": {"org.apache.mesos": {"network_info": {"name": "net", "labels": labels}}}}


@pytest.mark.parametrize("labels", [{"labels": PAIRS}, PAIRS])
def test_the_labels_of_the_network_are_read(labels: Any) -> None:
    assert mesos.labels(config(labels)) == {"zone": "front", "empty": None}


@pytest.mark.parametrize(
    "given",
    [
        {}, {"args": None}, {"args": []}, {"args": {"org.apache.mesos": None}},
        {"args": {"org.apache.mesos": {"network_info": 3}}},
        config(None), config("x"), config({"labels": None}), config({"labels": [None, 3, {"value": "x"}, {"key": 1}]}),
    ],
)  # fmt: skip
def test_what_is_not_there_or_of_another_shape_is_no_label(given: dict[str, Any]) -> None:
    assert mesos.labels(given) == {}
