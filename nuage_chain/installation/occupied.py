"""What keeps an installation from being taken away: it is still used."""

from __future__ import annotations

from pathlib import Path

from nuage_chain.attachment.state import World
from nuage_chain.audit.networks import Networks
from nuage_chain.deadline import Deadline
from nuage_chain.errors import NotAvailable, NuageChainError
from nuage_chain.vrs.connection import Connection
from nuage_chain.vrs.operations import select
from nuage_chain.vrs.rows import CONTAINER, IFNAME, from_map
from nuage_chain.vsp import cluster, daemons
from nuage_chain.vsp.layout import layout_of
from nuage_chain.vsp.processes import pid_of
from nuage_chain.vsp.settings import load_settings

_SECONDS = 10
_HINT = "Stop those containers first; --force leaves them connected, and nobody removes what is left of them."


def refuse_while_used(found: Networks, world: World, vsp: Path) -> None:
    """Raises NotAvailable where containers are attached, something is owed, nobody can tell, or an embedded VSP runs.

    vsp: the state directory of that VSP. Raises BadConfig where its settings are damaged.
    """
    refuse_while_vsp_runs(vsp)
    if found.problems:
        raise NotAvailable(f"Whether containers are attached cannot be told: {found.problems[0]}", hint=_HINT)
    remotes = {one.text("ovsdb") for one in (found.node, *found.by_name.values())} - {_purged(vsp)}
    attached = {key for remote in remotes for key in _attached(remote)}
    if attached:
        raise NotAvailable(f"{len(attached)} container interface(s) are attached by nuage-chain.", hint=_HINT)
    open_ones = {(record.container_id, record.ifname) for record in world.journal(found.node).records()}
    if open_ones:
        raise NotAvailable(
            f"{len(open_ones)} attachment(s) are being made, or are not gone everywhere yet.",
            hint="`nuage-chain audit apply` removes what is left of those that no call is working on; --force leaves it"
            " there for ever.",
        )


def refuse_while_vsp_runs(state: Path) -> None:
    """Raises NotAvailable where anything runs of the embedded VSP in `state`, BadConfig where its settings are damaged.

    Its daemons may be of the code that goes, and so may be the only command that stops them.
    """
    centre = layout_of(state)
    for layout in cluster.layouts_of(centre):
        settings = load_settings(layout)
        if settings is not None and any(pid_of(daemon) for daemon in daemons.all_of(layout, settings)):
            raise NotAvailable(
                f"An embedded VSP runs in {layout.state}.",
                hint=f"`nuage-chain vsp down --state {centre.state}` stops it, with --purge it removes its data too;"
                " --force leaves it running.",
            )


def _purged(vsp: Path) -> str:
    """The OVSDB that went with the VSP and all of its ports; empty where its database is still there."""
    layout = layout_of(vsp)
    return "" if layout.db.exists() else f"unix:{layout.ovsdb_socket}"


def _attached(remote: str) -> set[tuple[str, str]]:
    """By container ID and interface name, on whichever bridge: a list may have named it that is gone."""
    connection = Connection(remote)
    try:
        [ports] = connection.transact([select("Port", [], "external_ids")], Deadline(_SECONDS))
    except NuageChainError as e:
        raise NotAvailable(f"Whether containers are attached cannot be told: {e.message}", hint=_HINT) from e
    finally:
        connection.close()
    marks = [from_map(row["external_ids"]) for row in ports["rows"]]
    return {(ids[CONTAINER], ids[IFNAME]) for ids in marks if CONTAINER in ids and IFNAME in ids}
