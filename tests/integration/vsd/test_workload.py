from __future__ import annotations

import dataclasses
import threading
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, VsdLoginRefused, VsdNotVerified, VsdRefused, VsdUnreachable
from nuage_chain.vsd import names, workload
from nuage_chain.vsd.session import Session
from nuage_chain.vsp.vsd.tls import create_ca, issue_client

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from nuage_chain.vsd.session import Access
    from nuage_chain.vsp.vsd.server import VsdServer

CONTAINER = workload.Workload("ab" * 32, "shop-1", "c1@node")
ETH0 = workload.InterfaceSpec("shop-1-eth0", "7a:42:11:22:33:44", "c1/eth0@node")
ETH1 = workload.InterfaceSpec("shop-1-eth1", "7A:42:11:22:33:45", "c1/eth1@node")


def left(session: Session, subnet: names.Subnet) -> tuple[list[Any], list[Any], list[Any]]:
    deadline = Deadline(5)
    return (
        session.get("containers", deadline),
        session.get("containerinterfaces", deadline),
        session.get(f"{subnet.path}/vports", deadline),
    )


def test_a_container_gets_vport_groups_targets_and_addresses_and_all_of_it_goes(
    session: Session, web: names.Subnet
) -> None:
    deadline = Deadline(10)
    groups = names.find_policy_groups(session, web.domain_id, ["public", "audited"], deadline)
    targets = names.find_redirection_targets(session, web.domain_id, ["firewall"], deadline)
    spec = dataclasses.replace(
        ETH0, address="10.10.1.7", address6="2001:db8:1::7", policy_group_ids=groups, redirection_target_ids=targets
    )
    made = workload.register(session, web, CONTAINER, spec, deadline)
    assert (made.address, made.netmask, made.gateway) == ("10.10.1.7", "255.255.255.0", "10.10.1.1")
    assert (made.address6, made.prefix6, made.gateway6) == ("2001:db8:1::7", 64, "2001:db8:1::1")
    assert made.container_created
    assigned = session.get(f"vports/{made.vport_id}/policygroups", deadline)
    assert {group["name"] for group in assigned} == {"public", "audited"}
    assert [one["name"] for one in session.get(f"vports/{made.vport_id}/redirectiontargets", deadline)] == ["firewall"]
    (container,) = session.get("containers", deadline, filter='externalID == "c1@node"')
    assert (container["UUID"], container["interfaces"][0]["MAC"]) == ("ab" * 32, "7a:42:11:22:33:44")
    for _ in range(2):
        workload.deregister(
            session,
            container_id=made.container_id,
            vport_id=made.vport_id,
            interface_id=made.interface_id,
            last=True,
            deadline=deadline,
        )
    assert left(session, web) == ([], [], [])


def test_vsd_decides_the_address_where_none_is_asked_for(session: Session, web: names.Subnet) -> None:
    made = workload.register(session, web, CONTAINER, ETH0, Deadline(10))
    assert made.address is not None
    assert made.address.startswith("10.10.1.")
    assert made.address != "10.10.1.1"


def test_two_interfaces_share_one_container_and_go_one_by_one(session: Session, web: names.Subnet) -> None:
    deadline = Deadline(10)
    first = workload.register(session, web, CONTAINER, ETH0, deadline)
    second = workload.register(session, web, CONTAINER, ETH1, deadline)
    assert second.container_id == first.container_id
    assert (first.container_created, second.container_created) == (True, False)
    assert first.address != second.address
    workload.deregister(
        session,
        container_id=first.container_id,
        vport_id=first.vport_id,
        interface_id=first.interface_id,
        last=False,
        deadline=deadline,
    )
    containers, interfaces, vports = left(session, web)
    assert [one["ID"] for one in containers] == [first.container_id]
    assert [one["ID"] for one in interfaces] == [second.interface_id]
    assert [one["ID"] for one in vports] == [second.vport_id]


def test_an_attachment_whose_ids_are_lost_is_found_and_removed(session: Session, web: names.Subnet) -> None:
    deadline = Deadline(10)
    first = workload.register(session, web, CONTAINER, ETH0, deadline)
    second = workload.register(session, web, CONTAINER, ETH1, deadline)
    found = workload.find_by_external_id(session, "c1@node", "c1/eth0@node", deadline)
    assert found == workload.Found(first.container_id, first.interface_id, first.vport_id, others=1)
    workload.deregister_by_external_id(session, "c1@node", "c1/eth0@node", deadline)
    assert [one["ID"] for one in left(session, web)[1]] == [second.interface_id]
    for _ in range(2):
        workload.deregister_by_external_id(session, "c1@node", "c1/eth1@node", deadline)
    assert left(session, web) == ([], [], [])


def test_a_vport_that_an_interrupted_add_left_is_found_under_its_subnet(session: Session, web: names.Subnet) -> None:
    deadline = Deadline(10)
    body = {"name": "x", "type": "CONTAINER", "addressSpoofing": "INHERITED", "externalID": "c1/eth0@node"}
    session.create(f"{web.path}/vports", body, deadline)
    workload.deregister_by_external_id(session, "c1@node", "c1/eth0@node", deadline, parent=web.path)
    assert left(session, web) == ([], [], [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"address": "192.0.2.7"}, "192.0.2.7"),
        ({"address": "10.10.1.1"}, "10.10.1.1"),
        ({"policy_group_ids": ["no-such-group"]}, "no-such-group"),
    ],
    ids=["outside the subnet", "the gateway", "an unknown group"],
)
def test_what_vsd_refuses_leaves_nothing(
    session: Session, web: names.Subnet, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(VsdRefused) as caught:
        workload.register(session, web, CONTAINER, dataclasses.replace(ETH0, **change), Deadline(10))
    assert words in caught.value.message
    assert left(session, web) == ([], [], [])


def test_an_address_that_is_taken_is_refused_and_the_one_who_has_it_keeps_it(
    session: Session, web: names.Subnet
) -> None:
    deadline = Deadline(10)
    made = workload.register(session, web, CONTAINER, dataclasses.replace(ETH0, address="10.10.1.7"), deadline)
    other = workload.Workload("cd" * 32, "shop-2", "c2@node")
    spec = workload.InterfaceSpec("shop-2-eth0", "7a:42:11:22:33:46", "c2/eth0@node", address="10.10.1.7")
    with pytest.raises(VsdRefused) as caught:
        workload.register(session, web, other, spec, deadline)
    assert caught.value.internal_code == 2704
    containers, interfaces, vports = left(session, web)
    assert [one["ID"] for one in containers] == [made.container_id]
    assert (len(interfaces), len(vports)) == (1, 1)


def test_an_attachment_that_exists_is_not_hurt_by_a_second_registration(session: Session, web: names.Subnet) -> None:
    deadline = Deadline(10)
    made = workload.register(session, web, CONTAINER, ETH0, deadline)
    before = left(session, web)
    with pytest.raises(VsdRefused) as caught:
        workload.register(session, web, CONTAINER, ETH0, deadline)
    assert caught.value.internal_code == 2510
    assert left(session, web) == before
    assert before[1][0]["ID"] == made.interface_id


def test_two_containers_of_one_name_are_two(session: Session, web: names.Subnet) -> None:
    deadline = Deadline(10)
    workload.register(session, web, CONTAINER, ETH0, deadline)
    twin = workload.Workload("cd" * 32, CONTAINER.name, "c2@node")
    spec = workload.InterfaceSpec("other-shop-1-eth0", "7a:42:11:22:33:46", "c2/eth0@node")
    workload.register(session, web, twin, spec, deadline)
    workload.deregister_by_external_id(session, "c1@node", "c1/eth0@node", deadline)
    assert [one["externalID"] for one in left(session, web)[0]] == ["c2@node"]


def test_a_name_that_is_not_there_is_said_with_those_that_are(session: Session, web: names.Subnet) -> None:
    with pytest.raises(BadConfig) as caught:
        names.find_subnet(session, "Acme", "Shop", "front", "absent", Deadline(5))
    assert "no subnet named 'absent' in zone 'front'" in caught.value.message
    assert "web" in caught.value.hint
    assert web.name == "web"


def test_many_objects_are_listed_over_several_pages(session: Session, web: names.Subnet) -> None:
    deadline = Deadline(30)
    for n in range(120):
        session.create(
            f"{web.path}/vports", {"name": f"v{n:03}", "type": "CONTAINER", "addressSpoofing": "INHERITED"}, deadline
        )
    listed = session.get(f"{web.path}/vports", deadline)
    assert sorted(one["name"] for one in listed) == [f"v{n:03}" for n in range(120)]


def test_keys_that_expired_are_renewed_under_the_callers(
    server: VsdServer, session: Session, web: names.Subnet
) -> None:
    server.expire_keys()
    failures: list[Exception] = []

    def work(n: int) -> None:
        who = workload.Workload(f"{n:064x}", f"c{n}", f"c{n}@node")
        spec = workload.InterfaceSpec(f"c{n}-eth0", f"7a:42:00:00:00:{n:02x}", f"c{n}/eth0@node")
        try:
            workload.register(session, web, who, spec, Deadline(20))
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    addresses = {one["IPAddress"] for one in left(session, web)[1]}
    assert len(addresses) == 16


def test_a_client_certificate_does_the_same_as_a_password(
    server: VsdServer, access: Access, tmp_path: Path, web: names.Subnet
) -> None:
    pair = issue_client(tmp_path / "tls", "csproot", "csp")
    certified = Session(
        dataclasses.replace(access, url=server.cert_url, password=None, certificate=pair.certificate, key=pair.key)
    )
    made = workload.register(certified, web, CONTAINER, ETH0, Deadline(10))
    workload.deregister_by_external_id(certified, "c1@node", "c1/eth0@node", Deadline(10))
    assert left(certified, web) == ([], [], [])
    certified.close()
    assert made.address is not None


def test_each_way_not_to_get_in_has_its_own_error(server: VsdServer, access: Access, tmp_path: Path) -> None:
    stranger = create_ca(tmp_path / "stranger")
    cases: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"password": "wrong"}, VsdLoginRefused),
        ({"user": "nobody"}, VsdLoginRefused),
        ({"organization": "elsewhere"}, VsdLoginRefused),
        ({"ca": stranger.certificate}, VsdNotVerified),
        ({"ca": None}, VsdNotVerified),
        ({"url": "https://127.0.0.1:1"}, VsdUnreachable),
    ]
    for change, expected in cases:
        session = Session(dataclasses.replace(access, **change))
        with pytest.raises(expected):
            session.get("enterprises", Deadline(5))
        session.close()


def test_a_certificate_of_another_authority_does_not_get_in_and_is_named(
    server: VsdServer, access: Access, tmp_path: Path
) -> None:
    foreign = issue_client(tmp_path / "stranger", "csproot", "csp")
    certified = dataclasses.replace(
        access, url=server.cert_url, password=None, certificate=foreign.certificate, key=foreign.key
    )
    session = Session(certified)
    # TLS 1.3: whether the client gets to read the refusal before the connection breaks is chance.
    with pytest.raises((VsdLoginRefused, VsdUnreachable)) as caught:
        session.get("enterprises", Deadline(5))
    session.close()
    assert str(foreign.certificate) in caught.value.message + caught.value.hint


def test_a_server_that_was_restarted_is_found_again(
    server: VsdServer, session: Session, web: names.Subnet, restart: Callable[[], None]
) -> None:
    assert session.get("enterprises", Deadline(5))
    restart()
    assert names.find_subnet(session, "Acme", "Shop", "front", "web", Deadline(5)) == web
    restart()
    made = workload.register(session, web, CONTAINER, ETH0, Deadline(10))
    assert made.container_created
    assert server.url == session.access.url
