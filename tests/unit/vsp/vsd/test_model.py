from __future__ import annotations

import pytest

from nuage_chain.vsp.vsd.model import COMMON, Resource, load_model
from nuage_chain.vsp.vsd.rules import RULES

MODEL = load_model()


@pytest.mark.parametrize("resource", MODEL.by_name.values(), ids=lambda resource: resource.name)
def test_a_row_of_the_model_fits_the_others(resource: Resource) -> None:
    assert set(resource.parents) <= {*MODEL.by_name, "*"}
    assert all(letters and set(letters) <= set("GCUDA") for letters in resource.parents.values())
    assert set(resource.unique) <= set(resource.attributes)
    assert not set(resource.attributes) & set(COMMON)
    for row in resource.attributes.values():
        assert row.type in {"string", "enum", "boolean", "integer", "number", "list", "any"}
        assert bool(row.enum) == (row.type == "enum")
        if row.enum and row.default is not None:
            assert row.default in row.enum
        assert not (row.required and row.read_only)


def test_collections_are_distinct_and_rules_belong_to_resources() -> None:
    assert len(MODEL.by_collection) == len(MODEL.by_name)
    assert set(RULES) <= set(MODEL.by_name)


@pytest.mark.parametrize(
    ("child", "parent", "letters"),
    [
        ("vport", "me", ""),
        ("vport", "subnet", "GC"),
        ("vport", "policygroup", "GU"),
        ("container", "me", "GC"),
        ("container", "subnet", "G"),
        ("containerinterface", "vport", "G"),
        ("metadata", "zone", "GC"),
        ("zone", "metadata", ""),
    ],
)
def test_relations_are_those_of_the_contract(child: str, parent: str, letters: str) -> None:
    assert MODEL.by_name[child].relation(parent) == letters
