from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import (
    BadConfig,
    DeadlineExceeded,
    OrchestratorNotVerified,
    OrchestratorRefused,
    OrchestratorReplyLost,
    OrchestratorUnreachable,
)
from nuage_chain.orchestrators.kubemon import Access, Answer, Monitor
from nuage_chain.orchestrators.pod import Pod
from nuage_chain.vsp.vsd import tls
from tests.unit.orchestrators.servers import Kubemon, serving, silence, trickling

WEB = Pod("shop", "web-1")


def monitor(server: Kubemon, url: str = "", ca: Path | None = None) -> Monitor:
    pair = server.client()
    return Monitor(Access(url or server.url, pair.certificate, pair.key, ca or server.ca))


def test_a_pod_is_placed_with_every_policy_group(kubemon: Kubemon, deadline: Deadline) -> None:
    kubemon.groups["shop/web-1"] = ["a", "b", "c"]
    assert monitor(kubemon).place(WEB, deadline) == Answer("shop-0", ("a", "b", "c"))
    [heard] = kubemon.heard
    assert (heard.what, heard.body) == ("POST /namespaces/shop/pods", {"podName": "web-1"})
    assert heard.client == "node"
    assert int(heard.headers["content-length"]) > 0


def test_no_policy_groups_are_null(kubemon: Kubemon, deadline: Deadline) -> None:
    assert monitor(kubemon).place(WEB, deadline).policy_groups == ()


def test_a_zone_of_its_own_is_asked_for_with_the_subnet(kubemon: Kubemon, deadline: Deadline) -> None:
    assert monitor(kubemon).place(WEB, deadline, "ops", "ops-1").subnet == "ops-1"
    assert kubemon.heard[0].body == {"podName": "web-1", "desiredZone": "ops", "desiredSubnet": "ops-1"}


def test_the_end_of_a_pod_is_told(kubemon: Kubemon, deadline: Deadline) -> None:
    asked = monitor(kubemon)
    asked.place(WEB, deadline)
    asked.release(WEB, deadline, 5)
    assert kubemon.heard[-1].body == {"podName": "web-1", "action": "delete"}
    assert kubemon.allocations == {}


def test_the_end_of_a_pod_that_it_does_not_know_any_more_is_fine(kubemon: Kubemon, deadline: Deadline) -> None:
    asked = monitor(kubemon)
    asked.release(WEB, deadline, 5)
    assert kubemon.heard[-1].body == {"podName": "web-1", "action": "delete"}


def test_a_refusal_has_its_words_and_its_status(kubemon: Kubemon, deadline: Deadline) -> None:
    with pytest.raises(
        OrchestratorRefused, match="with 400: Invalid zone parameter: Zone controlled by Nuage Monitor"
    ) as e:
        monitor(kubemon).place(WEB, deadline, "shop", "shop-0")
    assert (e.value.status, e.value.code) == (400, 109)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((500, b'{"error": "etcd is away"}'), "with 500: etcd is away"),
        ((503, b"<html>"), "with 503: <html>"),
        ((200, b'{"subnetName": "", "policyGroups": null}'), "named no subnet for pod shop/web-1"),
        ((200, b'{"error": "x"}'), "named no subnet"),
        ((200, b""), "named no subnet"),
        ((200, b'{"subnetName": 3}'), "named no subnet"),
        ((200, b'{"subnetName": "s", "policyGroups": "a"}'), "policy groups"),
        ((200, b'{"subnetName": "s", "policyGroups": [1]}'), "policy groups"),
        ((200, b"[]"), "no JSON object"),
        ((200, b"<html>"), "no JSON object"),
        ((200, b"[" * 100000), "no JSON object"),
        ((200, b" " * (5 << 20)), "too long"),
    ],
)
def test_an_answer_that_is_of_no_use_is_tried_again_later(
    kubemon: Kubemon, deadline: Deadline, answer: tuple[int, bytes], says: str
) -> None:
    kubemon.forced = answer
    with pytest.raises(OrchestratorReplyLost, match=says) as caught:
        monitor(kubemon).place(WEB, deadline)
    assert caught.value.code == 11


@pytest.mark.parametrize("status", [301, 307])
def test_a_redirect_is_not_followed(kubemon: Kubemon, deadline: Deadline, status: int) -> None:
    kubemon.forced = (status, b"")
    with pytest.raises(OrchestratorRefused, match=f"with {status}"):
        monitor(kubemon).place(WEB, deadline)
    assert len(kubemon.heard) == 1


def test_a_monitor_that_is_down_is_unreachable(kubemon: Kubemon, deadline: Deadline) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(OrchestratorUnreachable, match="refused") as caught:
        monitor(kubemon, f"https://127.0.0.1:{port}").place(WEB, deadline)
    assert not isinstance(caught.value, OrchestratorReplyLost)


def test_a_name_that_does_not_resolve_is_unreachable(kubemon: Kubemon, deadline: Deadline) -> None:
    with pytest.raises(OrchestratorUnreachable, match=r"monitor\.invalid"):
        monitor(kubemon, "https://monitor.invalid:9443").place(WEB, deadline)


def test_a_monitor_that_never_answers_costs_no_more_than_it_was_given(kubemon: Kubemon) -> None:
    with silence() as url:
        begin = time.monotonic()
        with pytest.raises(OrchestratorUnreachable):
            monitor(kubemon, url).release(WEB, Deadline(60), 1)
        with pytest.raises(OrchestratorUnreachable):
            monitor(kubemon, url).place(WEB, Deadline(1))
    assert time.monotonic() - begin < 20


def test_a_monitor_that_trickles_costs_no_more_than_it_was_given(kubemon: Kubemon, authority: Path) -> None:
    with trickling(authority) as url:
        begin = time.monotonic()
        with pytest.raises(OrchestratorReplyLost, match="did not answer"):
            monitor(kubemon, url).place(WEB, Deadline(2))
        assert time.monotonic() - begin < 12


def test_an_answer_that_comes_too_late_is_lost(kubemon: Kubemon) -> None:
    kubemon.delay = 3
    with pytest.raises(OrchestratorReplyLost, match=r"shop/pods"):
        monitor(kubemon).place(WEB, Deadline(1.5))


def test_nothing_is_sent_when_no_time_is_left(kubemon: Kubemon) -> None:
    now = [0.0]
    deadline = Deadline(1, lambda: now[0])
    now[0] = 2
    with pytest.raises(DeadlineExceeded, match="nuagekubemon"):
        monitor(kubemon).place(WEB, deadline)
    assert kubemon.heard == []


def test_a_server_of_another_authority_is_not_spoken_to(kubemon: Kubemon, deadline: Deadline, tmp_path: Path) -> None:
    with pytest.raises(OrchestratorNotVerified, match="not verified") as caught:
        monitor(kubemon, ca=tls.create_ca(tmp_path).certificate).place(WEB, deadline)
    assert caught.value.code == 110
    assert kubemon.heard == []


def test_a_server_of_another_name_is_not_spoken_to(authority: Path, deadline: Deadline) -> None:
    elsewhere = Kubemon(authority, "127.0.0.2")
    with serving(elsewhere), pytest.raises(OrchestratorNotVerified, match=r"127\.0\.0\.2"):
        monitor(elsewhere).place(WEB, deadline)
    assert elsewhere.heard == []


def test_a_client_of_another_authority_is_refused(kubemon: Kubemon, deadline: Deadline, tmp_path: Path) -> None:
    stranger = tls.issue_client(tmp_path, "stranger", "kubemon")
    access = Access(kubemon.url, stranger.certificate, stranger.key, kubemon.ca)
    with pytest.raises((OrchestratorRefused, OrchestratorReplyLost)):
        Monitor(access).place(WEB, deadline)
    assert kubemon.heard == []


@pytest.mark.parametrize("url", ["http://m:9443", "m:9443", "https://", "https://u:p@m", "https://m/?a", "https://m#a"])
def test_a_url_that_cannot_be_used_is_told_without_repeating_it(kubemon: Kubemon, url: str) -> None:
    with pytest.raises(BadConfig, match=r"kubemon\.url has to be of the form https://HOST:PORT"):
        monitor(kubemon, url)


def test_files_that_cannot_be_used_are_named(kubemon: Kubemon, tmp_path: Path) -> None:
    pair, text = kubemon.client(), tmp_path / "text"
    text.write_text("no PEM")
    for access, says in (
        (Access(kubemon.url, tmp_path / "none", pair.key, kubemon.ca), "kubemon.certificate .*none.*No such file"),
        (Access(kubemon.url, pair.certificate, text, kubemon.ca), "kubemon.certificate .*text"),
        (Access(kubemon.url, pair.certificate, pair.key, text), "kubemon.ca .*text"),
        (Access(kubemon.url, pair.certificate, pair.key, tmp_path / "none"), "kubemon.ca .*No such file"),
    ):
        with pytest.raises(BadConfig, match=says):
            Monitor(access)
