from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from nuage_chain.vsp.vsd.behaviour import behaviour_of
from nuage_chain.vsp.vsd.tls import issue_client
from tests.unit.vsp.vsd.conftest import Rest

if TYPE_CHECKING:
    from collections.abc import Callable

    from nuage_chain.vsp.vsd.server import VsdServer
    from tests.unit.vsp.vsd.conftest import Clock, Topology

PASSWORD = "first-password"


def login(server: VsdServer, headers: dict[str, str]) -> requests.Response:
    return requests.get(f"{server.url}/nuage/api/v6/me", headers=headers, verify=str(server.ca), timeout=5)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("scheme", ["XREST", "Basic", "xrest", "BASIC"])
@pytest.mark.parametrize("organization", ["csp", "CSP", "cSp"])
def test_both_schemes_and_any_case_of_the_organization_log_in(
    server: VsdServer, scheme: str, organization: str
) -> None:
    headers = {
        "Authorization": f"{scheme} {encoded(f'csproot:{PASSWORD}')}",
        "X-Nuage-Organization": organization,
    }
    reply = login(server, headers)
    assert reply.status_code == 200
    (me,) = reply.json()
    assert me["userName"] == "csproot"
    assert me["password"] is None
    assert me["APIKeyExpiry"] == (1_700_000_000 + 24 * 3600) * 1000


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": f"XREST {encoded(f'csproot:{PASSWORD}')}"},
        {"Authorization": f"XREST {encoded(f'csproot:{PASSWORD}')}", "X-Nuage-Organization": "Acme"},
        {"Authorization": f"XREST {encoded('csproot:wrong')}", "X-Nuage-Organization": "csp"},
        {"Authorization": f"XREST {encoded('csproot:')}", "X-Nuage-Organization": "csp"},
        {"Authorization": f"XREST {encoded('nobody:x')}", "X-Nuage-Organization": "csp"},
        {"Authorization": f"Bearer {encoded(f'csproot:{PASSWORD}')}", "X-Nuage-Organization": "csp"},
        {"Authorization": "XREST ???", "X-Nuage-Organization": "csp"},
        {"Authorization": "XREST \xe9", "X-Nuage-Organization": "csp"},
        {"Authorization": f"XREST {encoded('csproot')}", "X-Nuage-Organization": "csp"},
    ],
)
def test_anything_less_than_that_is_unauthorized(server: VsdServer, headers: dict[str, str]) -> None:
    reply = login(server, headers)
    assert (reply.status_code, reply.reason) == (401, "Unauthorized")
    assert reply.json()["errors"][0]["descriptions"][0]["title"]


def test_a_password_opens_every_url(rest: Rest) -> None:
    assert rest.get("enterprises").status_code == 200


def test_a_key_lives_as_long_as_it_says(make_server: Callable[..., VsdServer], clock: Clock, rest: Rest) -> None:
    key = rest.one("me")["APIKey"]
    server = make_server(key_life=60.0)
    short = login(server, dict(rest.session.headers)).json()[0]["APIKey"]  # type: ignore[arg-type]
    clock.now += 59
    headers = {"X-Nuage-Organization": "csp"}
    assert login(server, {**headers, "Authorization": f"XREST {encoded(f'csproot:{short}')}"}).status_code == 200
    clock.now += 2
    assert login(server, {**headers, "Authorization": f"XREST {encoded(f'csproot:{short}')}"}).status_code == 401
    assert login(server, {**headers, "Authorization": f"XREST {encoded(f'csproot:{key}')}"}).status_code == 200


def test_a_key_that_expired_long_before_the_login_is_asked_to_log_in_again(
    make_server: Callable[..., VsdServer], clock: Clock
) -> None:
    server = make_server(behaviour=behaviour_of(["expired_key=419"]))
    old = Rest(server.url, server.ca, secret=Rest(server.url, server.ca).one("me")["APIKey"])
    clock.now += 24 * 3600 + 1
    assert old.get("enterprises").status_code == 419
    assert Rest(server.url, server.ca).get("me").status_code == 200
    assert old.get("enterprises").status_code == 200
    clock.now += 61
    assert old.get("enterprises").status_code == 419
    assert Rest(server.url, server.ca, secret="no-such-key").get("me").status_code == 401


def test_keys_can_be_expired_at_once(server: VsdServer, rest: Rest) -> None:
    key = rest.one("me")["APIKey"]
    server.expire_keys()
    headers = {"Authorization": f"XREST {encoded(f'csproot:{key}')}", "X-Nuage-Organization": "csp"}
    assert login(server, headers).status_code == 401


def test_a_key_is_no_use_to_another_user(server: VsdServer, rest: Rest, topology: Topology) -> None:
    key = rest.one("me")["APIKey"]
    topology.make_user("bob")
    headers = {"Authorization": f"XREST {encoded(f'bob:{key}')}", "X-Nuage-Organization": "Acme"}
    assert login(server, headers).status_code == 401


def as_user(rest: Rest, name: str, secret: str, organization: str) -> Rest:
    return type(rest)(
        rest.url.removesuffix("/nuage/api/v6"), _ca(rest), user=name, secret=secret, organization=organization
    )


def _ca(rest: Rest) -> Path:
    return Path(str(rest.session.verify))


def test_tenants_see_and_touch_only_their_own_enterprise(rest: Rest, topology: Topology) -> None:
    topology.make_user("bob")
    other = rest.make("enterprises", name="Other")["ID"]
    bob = as_user(rest, "bob", "bob-pw", "acme")
    assert bob.one("me")["role"] == "ORGUSER"
    assert bob.names("enterprises") == ["Acme"]
    assert bob.names("domains") == ["Lab", "Shop"]
    assert bob.get(f"enterprises/{other}").status_code == 404
    assert bob.refused("POST", f"enterprises/{other}/domaintemplates", {"name": "x"})[0] == 404
    assert bob.refused("POST", "enterprises", {"name": "Mine"})[0] == 403
    assert bob.refused("DELETE", f"enterprises/{topology.enterprise}")[0] == 403


def test_users_change_their_own_password_and_nobody_elses(rest: Rest, topology: Topology) -> None:
    bob_id = topology.make_user("bob")
    eve_id = topology.make_user("eve")
    bob = as_user(rest, "bob", "bob-pw", "Acme")
    assert bob.refused("PUT", f"users/{eve_id}", {"password": "mine"})[0] == 403
    assert bob.call("PUT", f"users/{bob_id}", {"password": "new"}).status_code == 204
    assert bob.get("me").status_code == 401
    assert as_user(rest, "bob", "new", "Acme").get("me").status_code == 200


def test_roles_come_from_groups(rest: Rest, topology: Topology) -> None:
    user = topology.make_user("ann")
    groups = rest.get(f"enterprises/{topology.enterprise}/groups").json()
    administrators = next(group["ID"] for group in groups if group["role"] == "ORGADMIN")
    assert rest.call("PUT", f"groups/{administrators}/users", [user]).status_code == 204
    assert as_user(rest, "ann", "ann-pw", "Acme").one("me")["role"] == "ORGADMIN"
    assert [row["name"] for row in rest.get(f"users/{user}/groups").json()] == ["Administrators"]


def test_switched_off_ways_of_logging_in_stay_shut(server: VsdServer, rest: Rest, topology: Topology) -> None:
    topology.make_user("bob", disablePasswordAuth=True)
    topology.make_user("eve", disableCertificateAuth=True)
    assert as_user(rest, "bob", "bob-pw", "Acme").get("me").status_code == 401
    assert by_certificate(server, "bob", "Acme").status_code == 200
    assert by_certificate(server, "eve", "Acme").status_code == 401
    assert by_certificate(server, "nobody", "Acme").status_code == 401


def by_certificate(server: VsdServer, user: str, enterprise: str, **headers: str) -> requests.Response:
    pair = issue_client(server.ca.parent, user, enterprise)
    files = (str(pair.certificate), str(pair.key))
    url = f"{server.cert_url}/nuage/api/v6/me"
    return requests.get(url, cert=files, headers=headers, verify=str(server.ca), timeout=5)


def test_a_client_certificate_needs_no_headers_and_ignores_authorization(server: VsdServer) -> None:
    for headers in ({}, {"Authorization": f"XREST {encoded('bob:')}"}):
        reply = by_certificate(server, "csproot", "CSP", **headers)
        assert reply.json()[0]["userName"] == "csproot"


def test_the_certificate_port_refuses_clients_without_one(server: VsdServer) -> None:
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(f"{server.cert_url}/nuage/api/v6/me", verify=str(server.ca), timeout=5)


def test_csproot_acts_for_a_user_named_either_way(rest: Rest, topology: Topology) -> None:
    bob_id = topology.make_user("bob", externalID="bob-77")
    for proxy in ("bob@Acme", "bob@acme", "bob-77"):
        assert rest.get("me", ProxyUser=proxy).json()[0]["userName"] == "bob"
    reply = rest.call("POST", f"zones/{topology.zone}/permissions", {"permittedAction": "USE"}, ProxyUser="bob@Acme")
    assert reply.status_code == 403
    topology.permit("Everybody", f"domains/{topology.domain}", "EXTEND")
    zone = rest.call("POST", f"domains/{topology.domain}/zones", {"name": "z"}, ProxyUser="bob@Acme").json()[0]
    assert zone["owner"] == bob_id
    assert rest.get("me", ProxyUser="nobody@Acme").status_code == 403


def test_a_tenant_may_not_act_for_anyone(rest: Rest, topology: Topology) -> None:
    topology.make_user("bob")
    assert as_user(rest, "bob", "bob-pw", "Acme").get("me", ProxyUser="csproot@csp").status_code == 403
