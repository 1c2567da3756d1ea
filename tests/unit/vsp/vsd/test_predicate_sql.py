from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuage_chain.vsp.vsd.entities import Entities, Entity
from nuage_chain.vsp.vsd.model import load_model
from nuage_chain.vsp.vsd.predicate import Comparison, parse
from nuage_chain.vsp.vsd.predicate_sql import compile_predicate, order_by, plain_text
from nuage_chain.vsp.vsd.refusal import Refusal
from nuage_chain.vsp.vsd.store import Store

if TYPE_CHECKING:
    from pathlib import Path

ENTRY = load_model().by_name["ingressaclentrytemplate"]
ROWS: dict[str, dict[str, Any]] = {
    "one": {"description": "hello world", "priority": 1, "protocol": "6", "stateful": True, "externalID": "1@cms"},
    "two": {"description": "Hello", "priority": 20, "protocol": "17", "stateful": False, "externalID": "2@cms"},
    "ten": {"description": "a[b]c*d", "priority": 100, "protocol": "1024"},
    "nil": {},
}


@pytest.fixture(scope="module")
def entities(tmp_path_factory: pytest.TempPathFactory) -> Entities:
    entities = Entities(Store(tmp_path_factory.mktemp("store") / "vsd.db"))
    for key, values in ROWS.items():
        entities.insert(Entity(ENTRY.name, {"ID": key, **values}))
    return entities


def found(entities: Entities, text: str) -> set[str]:
    condition, parameters = compile_predicate(parse(text), ENTRY)
    return {entity.id for entity in entities.select(condition, parameters)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ID == 'one'", {"one"}),
        ("priority == 20", {"two"}),
        ("priority IS '20'", {"two"}),
        ("protocol == 6", {"one"}),
        ("protocol >= '1024'", {"ten"}),
        ("priority > 1 and priority < 100", {"two"}),
        ("priority BETWEEN {1, 20}", {"one", "two"}),
        ("priority IN {1, 100}", {"one", "ten"}),
        ("stateful IS True", {"one"}),
        ("stateful == false", {"two"}),
        ("stateful IS null", {"ten", "nil"}),
        ("description IS NOT null", {"one", "two", "ten"}),
        ("description != 'Hello'", {"one", "ten", "nil"}),
        ("description contains 'ello'", {"one", "two"}),
        ("description contains 'hello'", {"one"}),
        ("description BEGINSWITH 'hel'", {"one"}),
        ("description ENDSWITH 'ld'", {"one"}),
        ("description ENDSWITH ''", {"one", "two", "ten"}),
        ("externalID ENDSWITH '@cms'", {"one", "two"}),
        ("description LIKE 'hel*'", {"one"}),
        ("description LIKE '?ello'", {"two"}),
        ("description LIKE 'a[b]c?d'", {"ten"}),
        ("description MATCHES '[Hh]ello.*'", {"one", "two"}),
        ("description MATCHES '['", set()),
        ("not description contains 'ello'", {"ten", "nil"}),
        ("not (priority == 1 or priority == 20)", {"ten", "nil"}),
        ("priority == 'abc'", set()),
        ("description > 'a'", {"one", "ten"}),
    ],
)
def test_a_filter_finds_what_it_says(entities: Entities, text: str, expected: set[str]) -> None:
    assert found(entities, text) == expected


def test_plain_text_is_found_in_any_attribute_whatever_its_case(entities: Entities) -> None:
    condition, parameters = plain_text("HELLO")
    assert {entity.id for entity in entities.select(condition, parameters)} == {"one", "two"}


@pytest.mark.parametrize("text", ["nosuch == 1", "name') OR 1 == 1", "name' == 1"])
def test_only_attributes_of_the_model_get_into_sql(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        compile_predicate(parse(text), ENTRY)
    assert caught.value.status == 400


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30))
def test_equality_and_contains_agree_with_python(value: str) -> None:
    for operator, expected in (
        ("==", {key for key, row in ROWS.items() if row.get("description") == value}),
        ("CONTAINS", {key for key, row in ROWS.items() if "description" in row and value in row["description"]}),
    ):
        condition, parameters = compile_predicate(Comparison("description", operator, (value,)), ENTRY)
        assert {entity.id for entity in SHARED.select(condition, parameters)} == expected


@pytest.fixture(scope="module", autouse=True)
def _shared(entities: Entities) -> None:
    global SHARED  # hypothesis takes no fixtures that are narrower than its examples
    SHARED = entities


SHARED: Entities


@pytest.mark.parametrize("attribute", ["name", "externalID", "ID", "UUID"])
def test_lookups_that_clients_make_use_an_index(tmp_path: Path, attribute: str) -> None:
    store = Store(tmp_path / "vsd.db")
    container = load_model().by_name["container"]
    condition, parameters = compile_predicate(parse(f'{attribute} == "x"'), container)
    query = f"EXPLAIN QUERY PLAN SELECT id FROM objects WHERE kind = ? AND {condition}"  # noqa: S608 - no input
    plan = store.rows(query, ["container", *parameters])
    assert "SEARCH objects USING" in plan[0][3]
    assert "<expr>" in plan[0][3] or "id=?" in plan[0][3]


def test_an_order_names_attributes_and_directions() -> None:
    assert [
        down for _, down in order_by("name DESC, ID, priority asc", load_model().by_name["ingressacltemplate"])
    ] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("text", ["nosuch", "ID SIDEWAYS", "ID DESC DESC", ",", "ID; DROP TABLE objects"])
def test_an_order_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        order_by(text, ENTRY)
