from __future__ import annotations

import pytest

from nuage_chain.errors import BadConfig
from nuage_chain.orchestrators import pod
from nuage_chain.orchestrators.pod import Pod


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({}, None),
        ({"K8S_POD_NAME": "web"}, None),
        ({"K8S_POD_NAME": "web", "K8S_POD_NAMESPACE": ""}, None),
        ({"K8S_POD_NAME": "web", "K8S_POD_NAMESPACE": "shop"}, Pod("shop", "web")),
        ({"K8S_POD_NAME": "w.1", "K8S_POD_NAMESPACE": "s", "K8S_POD_UID": "u"}, Pod("s", "w.1", "u")),
    ],
)
def test_a_pod_has_a_namespace_and_a_name(args: dict[str, str], expected: Pod | None) -> None:
    assert pod.of_args(args) == expected


@pytest.mark.parametrize(
    "name", ["..", "../x", "a/b", "a..b", "-a", "A", "a b", "a%2fb", "a?b", "a#b", "é", "x" * 254, "a\n"]
)
def test_a_name_that_could_change_the_path_of_a_url_is_refused(name: str) -> None:
    for args in ({"K8S_POD_NAME": name, "K8S_POD_NAMESPACE": "s"}, {"K8S_POD_NAME": "n", "K8S_POD_NAMESPACE": name}):
        with pytest.raises(BadConfig, match="no name in Kubernetes"):
            pod.of_args(args)


def test_a_pod_can_be_written_down_and_read_again() -> None:
    assert pod.of_text(str(Pod("shop", "web-1"))) == Pod("shop", "web-1")
    assert pod.of_text("shop") is None
    assert pod.of_text("") is None
