from __future__ import annotations

import json
from pathlib import Path

import pytest

from nuage_chain.errors import BadConfig, IOFailure
from nuage_chain.vsp.layout import LONGEST_SOCKET_NAME, layout_of, password, prepare
from nuage_chain.vsp.settings import Settings, load_settings, save_settings

SETTINGS = Settings(netns="n", netns_made=True, datapath="netdev", system_id="id", vsd_port=8443, cert_port=7443)


@pytest.mark.parametrize(("length", "fits"), [(30, True), (76, True), (77, False), (200, False)])
def test_a_state_directory_is_refused_when_a_socket_below_it_could_not_be_bound(length: int, fits: bool) -> None:
    state = Path("/" + "x" * (length - 1))
    if fits:
        assert len(str(layout_of(state).run / LONGEST_SOCKET_NAME)) <= 107
    else:
        with pytest.raises(BadConfig, match="too long"):
            layout_of(state)


def test_length_is_counted_in_bytes() -> None:
    with pytest.raises(BadConfig, match="too long"):
        layout_of(Path("/" + "ü" * 50))


def test_a_relative_directory_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert layout_of(Path("s")).state == Path("/s")


def test_everything_is_for_its_owner_alone_and_the_password_is_kept(tmp_path: Path) -> None:
    layout = layout_of(tmp_path / "s")
    prepare(layout)
    first = password(layout)
    prepare(layout)
    assert password(layout) == first
    assert len(first) >= 20
    assert layout.password_file.stat().st_mode & 0o777 == 0o600
    assert layout.state.stat().st_mode & 0o777 == 0o700


def test_two_state_directories_have_two_passwords(tmp_path: Path) -> None:
    layouts = [layout_of(tmp_path / name) for name in "ab"]
    for layout in layouts:
        prepare(layout)
    assert password(layouts[0]) != password(layouts[1])


def test_a_state_directory_that_cannot_be_made_is_an_io_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IOFailure, match="file"):
        prepare(layout_of(tmp_path / "file" / "s"))


@pytest.mark.parametrize("name", ["notes", "run", ".hidden"])
def test_a_folder_with_files_of_somebody_else_is_refused_and_kept_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "x").write_text("mine")
    with pytest.raises(BadConfig, match="holds other files"):
        prepare(layout_of(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name / "x").read_text() == "mine"


def test_a_folder_is_prepared_after_one_who_was_killed_while_preparing_it(tmp_path: Path) -> None:
    (tmp_path / ".csproot.password.4711").write_text("")
    prepare(layout_of(tmp_path))
    assert (tmp_path / "run").is_dir()


@pytest.mark.parametrize("name", ["csproot.password", "vsp.json"])
def test_a_folder_that_was_used_before_is_used_again_with_what_else_is_in_it(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{}")
    (tmp_path / "notes").write_text("mine")
    prepare(layout_of(tmp_path))
    assert (tmp_path / "run").is_dir()
    assert (tmp_path / "notes").read_text() == "mine"


def test_settings_are_read_as_they_were_saved(tmp_path: Path) -> None:
    layout = layout_of(tmp_path)
    assert load_settings(layout) is None
    save_settings(layout, SETTINGS)
    assert load_settings(layout) == SETTINGS


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"netns": 1}), "{"])
def test_damaged_settings_name_their_file(tmp_path: Path, text: str) -> None:
    layout = layout_of(tmp_path)
    layout.settings_file.write_text(text)
    with pytest.raises(BadConfig, match=r"vsp\.json"):
        load_settings(layout)


def test_every_directory_of_ovs_and_ovn_points_into_the_state(tmp_path: Path) -> None:
    environment = layout_of(tmp_path).environment({"PATH": "/bin", "OVS_RUNDIR": "/run/openvswitch"})
    assert environment["PATH"] == "/bin"
    own = {k: v for k, v in environment.items() if k.startswith(("OVS_", "OVN_"))}
    assert len(own) == 8
    assert all(v.startswith(str(tmp_path)) for v in own.values())
