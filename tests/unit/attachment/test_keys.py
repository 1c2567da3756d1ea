from __future__ import annotations

from typing import Any

import pytest

from nuage_chain.attachment import keys
from nuage_chain.errors import BadConfig


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"subnet": " web "}, {"subnet": "web"}),
        ({"subnet": None}, {}),
        ({"policyGroups": "a, b"}, {"policyGroups": ("a", "b")}),
        ({"policyGroups": ["a"]}, {"policyGroups": ("a",)}),
        ({"timeout": 2.5}, {"timeout": 2.5}),
        ({"vsd": {"url": "https://x:8443", "verify": False}}, {"vsd.url": "https://x:8443", "vsd.verify": False}),
        ({"vsd": None}, {}),
    ],
)
def test_values_are_brought_into_our_form(values: dict[str, Any], expected: dict[str, Any]) -> None:
    assert keys.validate(values, "here") == expected


@pytest.mark.parametrize(
    ("values", "says", "hint"),
    [
        ({"subnett": "x"}, "here: unknown key `subnett`.", "Did you mean `subnet`?"),
        ({"vsd": {"pasword": "x"}}, "here: unknown key `vsd.pasword`.", "Did you mean `vsd.password`?"),
        ({"vsd": "https://x"}, "here: `vsd` has to be a section of keys", ""),
        ({"subnet": 3}, "here: `subnet` has to be a text that is not empty, not 3.", "subnet of that zone"),
        ({"subnet": ""}, "here: `subnet` has to be a text", ""),
        ({"timeout": 0}, "here: `timeout` has to be a number of seconds from 1 to 600, not 0.", ""),
        ({"timeout": True}, "`timeout`", ""),
        ({"timeout": float("nan")}, "`timeout`", ""),
        ({"mtu": 1400.5}, "`mtu` has to be a whole number", ""),
        ({"activation": "both"}, "one of split, metadata, not 'both'", ""),
        ({"policyGroups": [1]}, "`policyGroups` has to be a list of texts", ""),
        ({"vsd": {"ca": "ca.pem"}}, "`vsd.ca` has to be an absolute path", ""),
        ({"vsd": {"verify": "no"}}, "`vsd.verify` has to be true or false", ""),
    ],
)
def test_what_does_not_fit_is_named_with_its_source_and_what_is_expected(
    values: dict[str, Any], says: str, hint: str
) -> None:
    with pytest.raises(BadConfig) as caught:
        keys.validate(values, "here")
    assert says in caught.value.message
    assert hint in caught.value.hint


def test_a_secret_of_the_wrong_type_is_not_repeated() -> None:
    with pytest.raises(BadConfig) as caught:
        keys.validate({"vsd": {"password": 1234567}}, "here")
    assert "1234567" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("name", ["vsd.passwordFile", "vsd.key", "kubemon.key", "kubernetes.key"])
def test_a_secret_that_was_put_in_place_of_its_path_is_not_repeated(name: str) -> None:
    with pytest.raises(BadConfig, match=f"`{name}` has to be an absolute path\\.") as caught:
        keys.validate({name: "-----BEGIN PRIVATE KEY-----MIIB"}, "here")
    assert "MIIB" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("name", ["vsd.url", "kubemon.url", "kubernetes.kubeconfig", "ovsdb", "bridge", "timeout"])
def test_a_workload_may_say_where_it_belongs_and_nothing_of_the_node(name: str) -> None:
    assert keys.validate({"subnet": "web"}, "here", workload=True) == {"subnet": "web"}
    with pytest.raises(BadConfig, match=f"here: `{name}` cannot be set here"):
        keys.validate({name: "x"}, "here", workload=True)
    assert keys.validate({name: "x"}, "here", workload=True, strict=False) == {}


def test_del_overlooks_an_unknown_key() -> None:
    assert keys.validate({"subnett": "x", "bridge": "b"}, "here", strict=False) == {"bridge": "b"}


@pytest.mark.parametrize(
    "values",
    [
        {"policyGroups": ["web", ""]},
        {"staticIP": 5},
        {"timeout": "soon"},
        {"mtu": 9},
        {"vsd": {"verify": "no"}},
    ],
)
def test_del_overlooks_a_value_that_does_not_fit(values: dict[str, Any]) -> None:
    assert keys.validate({"subnet": "web", **values}, "here", strict=False) == {"subnet": "web"}


@pytest.mark.parametrize("name", ["ovsdb", "bridge", "owner", "stateDir", "runDir", "vsd.url", "kubemon.url"])
def test_del_does_not_look_elsewhere_than_where_the_attachment_is(name: str) -> None:
    with pytest.raises(BadConfig, match=f"here: `{name}` has to be"):
        keys.validate({name: 5}, "here", strict=False)


@pytest.mark.parametrize("section", ["vsd", "kubemon"])
def test_del_overlooks_what_a_workload_says_of_the_node(section: str) -> None:
    assert keys.validate({"subnet": "web", section: "x"}, "here", strict=False, workload=True) == {"subnet": "web"}
