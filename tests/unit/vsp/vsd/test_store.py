from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from nuage_chain.vsp.vsd.entities import Entities, Entity
from nuage_chain.vsp.vsd.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "vsd.db")
    yield store
    store.close()


class Boom(Exception):
    pass


def put(store: Store, name: str) -> None:
    Entities(store).insert(Entity("zone", {"ID": name}))


def put_and_fail(store: Store, name: str) -> None:
    with store.transaction():
        put(store, name)
        raise Boom


def names(store: Store) -> list[str]:
    return [row[0] for row in store.rows("SELECT id FROM objects ORDER BY seq")]


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(Boom):
        put_and_fail(store, "a")
    assert names(store) == []


def test_a_nested_transaction_undoes_only_itself(store: Store) -> None:
    with store.transaction():
        put(store, "a")
        with pytest.raises(Boom):
            put_and_fail(store, "b")
        with store.transaction():
            put(store, "c")
    assert names(store) == ["a", "c"]


def test_counters_begin_where_told_and_never_repeat(store: Store) -> None:
    assert [store.count_up("n", 20001) for _ in range(3)] == [20001, 20002, 20003]


def test_objects_are_listed_under_all_that_is_above_them(store: Store) -> None:
    entities = Entities(store)
    for kind, name, parent in (("domain", "d", None), ("zone", "z", "d"), ("subnet", "s", "z"), ("vport", "v", "s")):
        entity = Entity(kind, {"ID": name, "parentID": parent})
        entities.insert(entity)
        entities.place(entity, [parent])
    assert [entity.id for entity in entities.under("d", "vport")] == ["v"]
    direct = dict(store.rows("SELECT ancestor_id, direct FROM scope WHERE object_id = 'v'"))
    assert direct == {"s": 1, "z": 0, "d": 0}
    entities.drop("v")
    assert entities.under("d", "vport") == []
    assert store.rows("SELECT * FROM scope WHERE object_id = 'v'") == []


def test_dropping_an_object_ends_its_memberships_both_ways(store: Store) -> None:
    entities = Entities(store)
    one, other, third = (Entity(kind, {"ID": kind}) for kind in ("vport", "policygroup", "redirectiontarget"))
    for entity in (one, other, third):
        entities.insert(entity)
    entities.link(one, other)
    entities.link(one, third)
    entities.drop(other.id)
    assert sorted(store.rows("SELECT one, other FROM links")) == [
        ("redirectiontarget", "vport"),
        ("vport", "redirectiontarget"),
    ]
