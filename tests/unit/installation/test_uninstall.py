from __future__ import annotations

import pytest

from nuage_chain.attachment import traces
from nuage_chain.audit import memory, metrics
from nuage_chain.audit.memory import Memory
from nuage_chain.errors import NotAvailable
from nuage_chain.installation.manifest import load
from nuage_chain.installation.uninstall import Removal
from tests.unit.installation.conftest import Image

STATE = "/var/lib/nuage-chain"


def used(image: Image) -> None:
    """What calls and audits leave behind."""
    state = image.at(STATE)
    (state / "journal").mkdir()
    (state / "journal" / "0.debt").touch()
    (state / "metrics").mkdir()
    memory.store(state / "audit.json", Memory())
    for name in (traces.FILE, traces.OLDER, "audit.broken"):
        (state / name).touch()
    metrics.write(image.at(str(metrics.COLLECTOR)), "nuage_chain_attachments 1\n")


def test_purging_leaves_an_embedded_vsp_and_nothing_of_our_own(image: Image) -> None:
    image.at("/var/lib/prometheus/node-exporter").mkdir(parents=True)
    before = image.tree()
    image.install()
    used(image)
    vsp = image.at(f"{STATE}/vsp")
    vsp.mkdir()
    (vsp / "vsp.json").write_text("{}")
    image.uninstall(purge=True)
    assert (vsp / "vsp.json").read_text() == "{}"
    assert f"kept {STATE}, since there is more in it" in image.told
    (vsp / "vsp.json").unlink()
    vsp.rmdir()
    vsp.parent.rmdir()
    assert image.tree() == before


def test_without_purging_what_was_remembered_stays_and_the_last_metrics_do_not(image: Image) -> None:
    image.install()
    used(image)
    image.uninstall()
    assert image.at(f"{STATE}/journal/0.debt").exists()
    assert not list(image.at("/var/lib/prometheus/node-exporter").iterdir())
    image.install()
    image.uninstall(purge=True)
    assert not image.at(STATE).exists()


def test_what_was_attached_while_the_list_went_keeps_its_plugin(image: Image) -> None:
    image.install()
    before = image.tree()

    def attached() -> None:
        raise NotAvailable("1 container interface(s) are attached by nuage-chain.", hint="Stop those containers first.")

    found = load(image.place)
    assert found is not None
    with pytest.raises(NotAvailable, match="all else is still there") as caught:
        Removal(image.place, found, image.systemd, image.told.append, look=attached).run()
    assert caught.value.hint == "Stop those containers first. `nuage-chain install` publishes the list again."
    assert image.tree() == before
    image.uninstall(purge=True)
    assert not image.at("/opt/cni/bin/nuage-chain").exists()
