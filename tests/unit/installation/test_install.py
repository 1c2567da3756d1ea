from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nuage_chain.errors import BadConfig, NotAvailable
from nuage_chain.installation.place import MANIFEST
from tests.unit.installation.conftest import Image

CONFIG, LIST = "/etc/nuage-chain/config.yaml", "/etc/cni/net.d/10-nuage.conflist"
TIMER_LINK = "/etc/systemd/system/timers.target.wants/nuage-chain-audit.timer"


class Killed(BaseException):
    """Not an Exception, as a SIGKILL is none."""


def killing(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends the process just before it gives a file, link or folder its name for the time number `at`."""
    rename, count = Path.rename, 0

    def counted(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == at:
            raise Killed
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", counted)


def test_killed_at_any_step_it_is_completed_by_the_next_run_or_taken_away(
    images: Callable[[str], Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, empty = images("whole"), images("empty").tree()
    whole.install()
    wanted = whole.tree()
    for at in range(1, 1000):
        completed, removed = images(f"completed-{at}"), images(f"removed-{at}")
        ended = []
        for image in (completed, removed):
            with monkeypatch.context() as patch:
                killing(at, patch)
                try:
                    image.install()
                    ended.append("installed")
                except Killed:
                    ended.append("killed")
        completed.install()
        assert completed.tree() == wanted, at
        if removed.at(str(MANIFEST)).exists():
            removed.uninstall(purge=True)
            assert removed.tree() == empty, at
        if ended == ["installed", "installed"]:
            break
    assert at > 20


def test_a_second_run_changes_nothing(image: Image) -> None:
    image.install()
    before = {p: p.lstat().st_ino for p in image.root.rglob("*")}
    assert image.installation().missing() == []
    image.install()
    assert {p: p.lstat().st_ino for p in image.root.rglob("*")} == before


def test_one_version_before_is_kept_and_no_more(image: Image) -> None:
    names = [image.install(code) for code in "123"]
    folders = {p.name for p in image.at("/opt/nuage-chain").iterdir() if p.is_dir() and not p.is_symlink()}
    assert folders == set(names[1:])
    assert image.install("2") == names[1]


def test_what_has_been_edited_stays_and_what_has_not_is_brought_up_to_date(image: Image) -> None:
    image.install()
    config = image.at(CONFIG)
    assert config.stat().st_mode & 0o777 == 0o600
    generated = config.read_text()
    manifest = image.at(str(MANIFEST))
    digest = hashlib.sha256(b"an older template\n").hexdigest()
    config.write_text("an older template\n")
    text = manifest.read_text()
    recorded = json.loads(text)["files"][CONFIG]
    manifest.write_text(text.replace(recorded, digest))
    image.install()
    assert config.read_text() == generated
    config.write_text("bridge: mine\n")
    image.install("2")
    assert config.read_text() == "bridge: mine\n"


def test_a_command_of_that_name_that_somebody_else_has_put_there_stays(image: Image) -> None:
    command = image.at("/usr/local/bin/nuage-chain")
    command.write_text("pip's\n")
    image.install()
    image.uninstall()
    assert command.read_text() == "pip's\n"


def test_the_plugin_replaces_one_that_was_copied_by_hand(image: Image) -> None:
    plugin = image.at("/opt/cni/bin/nuage-chain")
    plugin.write_text("copied\n")
    image.install()
    assert plugin.read_text() == "#!/bin/true\n"
    assert plugin.stat().st_mode & 0o777 == 0o755


def test_in_an_image_units_are_enabled_by_their_links_and_no_list_is_published(image: Image) -> None:
    image.install()
    assert str(image.at(TIMER_LINK).readlink()) == "/etc/systemd/system/nuage-chain-audit.timer"
    assert image.at("/etc/systemd/system/sockets.target.wants/nuage-chain-agent.socket").is_symlink()
    assert not image.at(LIST).exists()


def test_a_unit_that_has_been_disabled_stays_so(image: Image) -> None:
    image.install()
    image.at(TIMER_LINK).unlink()
    image.install("2")
    assert not image.at(TIMER_LINK).is_symlink()


def test_two_installations_do_not_run_at_once(image: Image) -> None:
    image.install()
    fd = os.open(image.at("/opt/nuage-chain"), os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        with pytest.raises(NotAvailable, match="Another installation is at work"):
            image.install("2")
    finally:
        os.close(fd)


def test_a_record_that_cannot_be_read_is_named(image: Image) -> None:
    image.install()
    image.at(str(MANIFEST)).write_text("{")
    with pytest.raises(BadConfig, match=r"manifest\.json is not the record of an installation"):
        image.install()


def test_an_edited_configuration_outlives_the_installation_unless_it_is_purged(image: Image) -> None:
    empty = image.tree()
    image.install()
    image.at(CONFIG).write_text("bridge: mine\n")
    image.uninstall()
    assert image.at(CONFIG).read_text() == "bridge: mine\n"
    assert f"kept {CONFIG}, since it has been edited" in image.told
    image.install()
    image.uninstall(purge=True)
    assert image.tree() == empty


def test_an_edited_list_is_moved_to_where_the_next_installation_takes_it_from(image: Image) -> None:
    image.install()
    manifest = json.loads(image.at(str(MANIFEST)).read_text())
    manifest["networks"], manifest["files"][LIST] = [LIST], "0"
    image.at(str(MANIFEST)).write_text(json.dumps(manifest))
    image.at(LIST).parent.mkdir(parents=True)
    image.at(LIST).write_text("edited\n")
    image.uninstall()
    assert not image.at(LIST).exists()
    assert image.at("/etc/nuage-chain/10-nuage.conflist").read_text() == "edited\n"
