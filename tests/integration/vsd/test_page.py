"""VSD's page in a real browser: what it shows, that it follows, and that it is alone with its server."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from nuage_chain.deadline import Deadline
from nuage_chain.vsd.session import Session
from tests.integration.vsd.browser import NAMES, Browser
from tests.integration.vsd.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nuage_chain.vsd import names
    from nuage_chain.vsd.session import Access
    from nuage_chain.vsp.vsd.server import VsdServer

pytestmark = pytest.mark.skipif(not any(map(shutil.which, NAMES)), reason="there is no Chromium")
ROWS = "[...document.querySelectorAll('tr[data-vport]')].map((row) => [...row.cells].map((cell) => cell.innerText))"


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    one = Browser(tmp_path / "profile")
    yield one
    one.close()


@pytest.fixture
def make(session: Session) -> Callable[..., dict[str, Any]]:
    def work(path: str, **body: Any) -> dict[str, Any]:
        return session.create(path, body, Deadline(10))

    return work


def log_in(browser: Browser, server: VsdServer, password: str = PASSWORD) -> None:
    browser.open(server.url)
    browser.wait("document.getElementById('login')?.hidden === false")
    browser.run(
        "document.querySelector('[name=user]').value = 'csproot';"
        f"document.querySelector('[name=password]').value = {password!r};"
        "document.getElementById('login').requestSubmit()"
    )


def attach(make: Callable[..., dict[str, Any]], web: names.Subnet, name: str, mac: str) -> dict[str, Any]:
    vport = make(f"{web.path}/vports", name=name, type="CONTAINER", addressSpoofing="INHERITED")
    interface = {"MAC": mac, "VPortID": vport["ID"]}
    container = make("containers", name=f"pod-{name}", UUID=name, interfaces=[interface])
    return {"vport": vport["ID"], "container": container["ID"]}


def test_the_page_shows_what_is_there_and_follows_what_happens(
    server: VsdServer,
    access: Access,
    session: Session,
    web: names.Subnet,
    make: Callable[..., dict[str, Any]],
    browser: Browser,
) -> None:
    attach(make, web, "a", "7a:42:00:00:00:01")
    log_in(browser, server)
    browser.wait("document.getElementById('live').className === 'on'")
    assert browser.wait(f"{ROWS}.length && {ROWS}") == [
        ["a", "container", "INIT", "", "10.10.1.2 2001:db8:1::2", "pod-a", ""]
    ]
    later = attach(make, web, "<b>", "7a:42:00:00:00:02")
    groups = {row["name"]: row["ID"] for row in session.get(f"domains/{web.domain_id}/policygroups", Deadline(5))}
    session.assign(f"vports/{later['vport']}/policygroups", [groups["public"]], Deadline(5))
    vsc = Session(access, headers={"X-Nuage-Custom": "vsc"})
    vsc.update(f"vports/{later['vport']}", {"operationalState": "UP"}, Deadline(5))
    vsc.update(f"containers/{later['container']}", {"status": "RUNNING", "hypervisorIP": "192.0.2.7"}, Deadline(5))
    vsc.close()
    wanted = ["<b>", "container", "UP", "192.0.2.7", "10.10.1.3 2001:db8:1::3", "pod-<b>", "public"]
    browser.wait(f"JSON.stringify({ROWS}.find((row) => row[0] === '<b>')) === JSON.stringify({wanted!r})")
    assert "1 up" in browser.run("document.getElementById('sums').textContent")
    if "VSD_SCREENSHOT" in os.environ:
        browser.screenshot(Path(os.environ["VSD_SCREENSHOT"]))
    browser.run("document.getElementById('narrow').value = '192.0.2.7'; document.getElementById('narrow').oninput()")
    browser.wait(f"{ROWS}.length === 1")
    session.delete(f"containers/{later['container']}", Deadline(5))
    session.delete(f"vports/{later['vport']}", Deadline(5))
    browser.run("document.getElementById('narrow').value = ''; document.getElementById('narrow').oninput()")
    browser.wait(f"{ROWS}.length === 1 && {ROWS}[0][0] === 'a'")
    make("enterprises", name="Other")
    browser.wait("document.getElementById('domains').innerText.includes('Other')")


def test_the_page_finds_its_way_back_after_a_restart(
    server: VsdServer,
    web: names.Subnet,
    browser: Browser,
    restart: Callable[[], None],
    make: Callable[..., dict[str, Any]],
) -> None:
    log_in(browser, server)
    browser.wait("document.getElementById('live').className === 'on'")
    restart()
    attach(make, web, "late", "7a:42:00:00:00:03")
    browser.wait(f"{ROWS}.some((row) => row[0] === 'late')")


def test_a_wrong_password_gets_no_further_than_the_form(server: VsdServer, browser: Browser) -> None:
    log_in(browser, server, "wrong")
    assert browser.wait("document.getElementById('complaint').textContent") == "Authentication failed."
    assert browser.run("document.querySelector('main').hidden")


def test_the_page_is_one_file_that_asks_nobody_else(server: VsdServer, browser: Browser) -> None:
    reply = requests.get(server.url, verify=str(server.ca), timeout=5)
    assert reply.headers["Content-Type"].startswith("text/html")
    assert "http" not in reply.text
    assert requests.head(server.url, verify=str(server.ca), timeout=5).content == b""
    browser.open(server.url)
    browser.wait("document.getElementById('login')?.hidden === false")
    asked = browser.run("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert all(name.startswith(f"{server.url}/nuage/api/") for name in asked)
    blocked = browser.run(
        "new Promise((blocked) => { document.addEventListener('securitypolicyviolation', (e) => blocked(e.blockedURI));"
        " fetch('https://192.0.2.1/').catch(() => {}) })"
    )
    assert blocked == "https://192.0.2.1/"
