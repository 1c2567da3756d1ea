from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuage_chain.vsp.vsd.predicate import (
    MAX_LENGTH,
    Comparison,
    Junction,
    Negation,
    Node,
    Value,
    looks_like_predicate,
    parse,
)
from nuage_chain.vsp.vsd.refusal import Refusal


@pytest.mark.parametrize(
    ("text", "operator", "values"),
    [
        ('name == "x"', "==", ("x",)),
        ("name == 'x'", "==", ("x",)),
        ("name IS 'x'", "==", ("x",)),
        ('name is "x"', "==", ("x",)),
        ("name=='x'", "==", ("x",)),
        ("name IS NOT 'x'", "!=", ("x",)),
        ("name is not null", "!=", (None,)),
        ("name IS NOT", "==", ("NOT",)),
        ("name IS 'NOT'", "==", ("NOT",)),
        ("name != 5", "!=", (5,)),
        ("name >= '1024'", ">=", ("1024",)),
        ("name > 1.5", ">", (1.5,)),
        ("name == -3", "==", (-3,)),
        ("name IS BRIDGE", "==", ("BRIDGE",)),
        ("name == 10.0.0.0", "==", ("10.0.0.0",)),
        ("name == 7a:42:11:22:33:44", "==", ("7a:42:11:22:33:44",)),
        ("name IS null", "==", (None,)),
        ("name IS True", "==", (True,)),
        ("name == false", "==", (False,)),
        ("name CONTAINS 'x'", "CONTAINS", ("x",)),
        ("name contains 'x'", "CONTAINS", ("x",)),
        ("name beginswith 'john'", "BEGINSWITH", ("john",)),
        ("name ENDSWITH '@cms'", "ENDSWITH", ("@cms",)),
        ("name LIKE 'a*b?'", "LIKE", ("a*b?",)),
        ("name MATCHES '[a-z]+'", "MATCHES", ("[a-z]+",)),
        ("name IN {'a', \"b\", c}", "IN", ("a", "b", "c")),
        ("name BETWEEN {1, 5}", "BETWEEN", (1, 5)),
        ('name == "it\'s"', "==", ("it's",)),
        ("name == ''", "==", ("",)),
        ("name == ' and '", "==", (" and ",)),
    ],
)
def test_one_comparison_is_read_as_meant(text: str, operator: str, values: tuple[Value, ...]) -> None:
    assert parse(text) == Comparison("name", operator, values)


A, B, C = (Comparison(letter, "==", (1,)) for letter in "abc")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a == 1 and b == 1", Junction("AND", (A, B))),
        ("a == 1 OR b == 1 and c == 1", Junction("OR", (A, Junction("AND", (B, C))))),
        ("(a == 1 OR b == 1) AND c == 1", Junction("AND", (Junction("OR", (A, B)), C))),
        ("not a == 1", Negation(A)),
        ("not (a == 1 or b == 1)", Negation(Junction("OR", (A, B)))),
        ("((a == 1))", A),
    ],
)
def test_and_binds_tighter_than_or_and_parentheses_tighter_than_both(text: str, tree: Node) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name ==",
        "== 'x'",
        "name == 'x",
        "name == 'x' and",
        "name == 'x' 'y'",
        "(name == 'x'",
        "name == 'x')",
        "name == )",
        "'name' == 'x'",
        "name IN 'a'",
        "name IN {}",
        "name BETWEEN {1}",
        "name BETWEEN {1, 2, 3}",
        "name ~ 'x'",
        "name == 'x'; DROP TABLE objects",
        "(" * 60 + "a == 1" + ")" * 60,
        "a == '" + "x" * MAX_LENGTH + "'",
    ],
)
def test_what_is_no_predicate_is_a_bad_request(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse(text)
    assert caught.value.status == 400
    assert caught.value.prop == "X-Nuage-Filter"


@pytest.mark.parametrize(
    ("text", "is_predicate"),
    [
        ("name == 'x'", True),
        ("(name IS 'x')", True),
        ("not name contains 'x'", True),
        ("web", False),
        ("hello world", False),
        ("10.10.1.0", False),
        ("island", False),
    ],
)
def test_plain_text_and_predicates_are_told_apart(text: str, is_predicate: bool) -> None:
    assert looks_like_predicate(text) is is_predicate


names = st.from_regex(r"[A-Za-z]\w{0,10}", fullmatch=True).filter(
    lambda name: name.lower() not in {"not", "and", "or", "is"}
)
texts = st.text(st.characters(exclude_characters="\"'", exclude_categories=["Cs"]), max_size=20)
comparisons = st.builds(
    Comparison, names, st.sampled_from(["==", "!=", "CONTAINS", "<="]), st.tuples(texts | st.integers(-9, 10**9))
)
trees: st.SearchStrategy[Node] = st.recursive(
    comparisons,
    lambda inner: (
        st.builds(Negation, inner) | st.builds(Junction, st.sampled_from(["AND", "OR"]), st.tuples(inner, inner))
    ),
    max_leaves=8,
)


def written(node: Node) -> str:
    if isinstance(node, Negation):
        return f"NOT ({written(node.term)})"
    if isinstance(node, Junction):
        return f" {node.word} ".join(f"({written(term)})" for term in node.terms)
    (value,) = node.values
    return f"{node.attribute} {node.operator} " + (f'"{value}"' if isinstance(value, str) else str(value))


@given(trees)
def test_a_tree_that_is_written_down_is_read_back(tree: Node) -> None:
    assert parse(written(tree)) == tree


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except Refusal as refusal:
        assert refusal.status == 400  # noqa: PT017 - most texts are refused, some are not
