from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuage_chain.cni.runtime import conflist
from nuage_chain.errors import BadConfig, IOFailure, NuageChainError

LIST: dict[str, Any] = {
    "cniVersion": "1.0.0",
    "name": "overlay",
    "plugins": [{"type": "bridge", "capabilities": {"ips": True, "mac": False}}, {"type": "nuage-chain"}],
}
SINGLE: dict[str, Any] = {"cniVersion": "0.4.0", "name": "lo", "type": "loopback", "keep": [1]}


def put(folder: Path, name: str, content: object) -> Path:
    file = folder / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_a_list_is_read_as_it_is(tmp_path: Path) -> None:
    network = conflist.load(put(tmp_path, "10.conflist", LIST))
    assert (network.name, network.version, network.disable_check, network.disable_gc) == (
        "overlay",
        "1.0.0",
        False,
        False,
    )
    assert [plugin.type for plugin in network.plugins] == ["bridge", "nuage-chain"]
    assert network.plugins[0].capabilities == ["ips"]
    assert json.loads(network.raw) == LIST


@pytest.mark.parametrize("suffix", [".conf", ".json"])
def test_a_single_configuration_becomes_a_list_of_one(tmp_path: Path, suffix: str) -> None:
    network = conflist.load(put(tmp_path, f"99-lo{suffix}", SINGLE))
    assert (network.name, network.version) == ("lo", "0.4.0")
    assert [plugin.config for plugin in network.plugins] == [SINGLE]
    assert json.loads(network.raw) == {"name": "lo", "cniVersion": "0.4.0", "plugins": [SINGLE]}


@pytest.mark.parametrize(
    ("versions", "version"),
    [
        ({"cniVersion": "0.3.1"}, "0.3.1"),
        ({"cniVersions": ["0.4.0", "1.0.0", "0.3.1"]}, "1.0.0"),
        ({"cniVersion": "1.0.0", "cniVersions": ["0.4.0"]}, "1.0.0"),
        ({"cniVersions": ["1.0.0", "9.10.0"]}, "1.0.0"),
        ({"cniVersions": ["1.1.0", "0.10.0"]}, "1.1.0"),
    ],
)
def test_the_highest_known_version_counts(tmp_path: Path, versions: dict[str, Any], version: str) -> None:
    content = {"name": "a", "plugins": [{"type": "b"}], **versions}
    assert conflist.load(put(tmp_path, "1.conflist", content)).version == version


@pytest.mark.parametrize(("version", "since", "expected"), [("0.10.0", "0.4.0", True), ("0.3.1", "0.4.0", False)])
def test_versions_are_compared_as_numbers(tmp_path: Path, version: str, since: str, expected: bool) -> None:
    network = conflist.load(put(tmp_path, "1.conflist", {**LIST, "cniVersion": version}))
    assert network.has(since) is expected


@pytest.mark.parametrize("value", [True, "true", "True"])
@pytest.mark.parametrize(("key", "attribute"), [("disableCheck", "disable_check"), ("disableGC", "disable_gc")])
def test_switches_are_read_also_as_words(tmp_path: Path, value: object, key: str, attribute: str) -> None:
    network = conflist.load(put(tmp_path, "1.conflist", {**LIST, key: value, "loadOnlyInlinedPlugins": True}))
    assert getattr(network, attribute) is True


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"name": ""}, "`name`"),
        ({"name": 3}, "`name`"),
        ({"name": "../../etc/x"}, "`name`"),
        ({"name": "-a"}, "`name`"),
        ({"name": "a\n"}, "`name`"),
        ({"cniVersion": 1}, "`cniVersion`"),
        ({"cniVersion": "one"}, "`cniVersion`"),
        ({"cniVersion": "2.0.0"}, "`cniVersion`"),
        ({"cniVersions": "1.0.0"}, "`cniVersions`"),
        ({"cniVersions": [None]}, "`cniVersion`"),
        ({"plugins": []}, "`plugins`"),
        ({"plugins": {}}, "`plugins`"),
        ({"plugins": ["bridge"]}, "plugins[0]"),
        ({"plugins": [{"type": "a"}, {"name": "b"}]}, "plugins[1] has no `type`"),
        ({"plugins": [{"type": ""}]}, "`type`"),
        ({"plugins": [{"type": "../bin/sh"}]}, "`type`"),
        ({"plugins": [{"type": ".."}]}, "`type`"),
        ({"plugins": [{"type": "a", "capabilities": ["ips"]}]}, "`capabilities`"),
        ({"plugins": [{"type": "a", "capabilities": {"ips": 1}}]}, "`capabilities`"),
        ({"disableCheck": "perhaps"}, "`disableCheck`"),
        ({"disableGC": 1}, "`disableGC`"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(tmp_path: Path, change: dict[str, Any], key: str) -> None:
    file = put(tmp_path, "1.conflist", {**LIST, **change})
    with pytest.raises(BadConfig) as caught:
        conflist.load(file)
    assert str(file) in caught.value.message
    assert key in caught.value.message


@pytest.mark.parametrize("key", ["name", "cniVersion", "plugins"])
def test_what_is_missing_is_said_with_file_and_key(tmp_path: Path, key: str) -> None:
    file = put(tmp_path, "1.conflist", {name: value for name, value in LIST.items() if name != key})
    with pytest.raises(BadConfig) as caught:
        conflist.load(file)
    assert str(file) in caught.value.message
    assert f"`{key}`" in caught.value.message


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"a"', "\udcff"])
def test_a_file_that_is_no_json_object_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "1.conflist"
    file.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(BadConfig, match=r"1\.conflist"):
        conflist.load(file)


def test_a_list_in_a_file_for_single_configurations_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(BadConfig) as caught:
        conflist.load(put(tmp_path, "1.conf", LIST))
    assert ".conflist" in caught.value.hint


def test_a_single_configuration_without_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="`type`"):
        conflist.load(put(tmp_path, "1.conf", {"cniVersion": "1.0.0", "name": "a"}))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(IOFailure, match=r"gone\.conflist.*No such file"):
        conflist.load(tmp_path / "gone.conflist")


def test_a_folder_is_read_lists_first(tmp_path: Path) -> None:
    put(tmp_path, "00-single.conf", {**SINGLE, "name": "overlay"})
    put(tmp_path, "20-list.conflist", LIST)
    put(tmp_path, "10-list.conflist", {**LIST, "name": "other"})
    put(tmp_path, "99-lo.json", SINGLE)
    put(tmp_path, "readme.txt", "no")
    (tmp_path / "folder.conflist").mkdir()
    networks, problems = conflist.load_folder(tmp_path)
    assert [(one.name, Path(one.source).name) for one in networks] == [
        ("other", "10-list.conflist"),
        ("overlay", "20-list.conflist"),
        ("overlay", "00-single.conf"),
        ("lo", "99-lo.json"),
    ]
    assert problems == []


def test_a_broken_file_does_not_hide_a_right_one_but_is_named(tmp_path: Path) -> None:
    put(tmp_path, "00-broken.conflist", "{")
    put(tmp_path, "20-list.conflist", LIST)
    networks, problems = conflist.load_folder(tmp_path)
    assert [one.name for one in networks] == ["overlay"]
    assert ["00-broken.conflist" in problem.message for problem in problems] == [True]


def test_an_empty_folder_has_none(tmp_path: Path) -> None:
    assert conflist.load_folder(tmp_path) == ([], [])
    with pytest.raises(IOFailure):
        conflist.load_folder(tmp_path / "gone")


def test_plugins_in_files_of_their_own_follow_the_inlined_ones(tmp_path: Path) -> None:
    folder = tmp_path / "overlay"
    folder.mkdir()
    put(folder, "20-b.conf", {"type": "tuning"})
    put(folder, "10-a.conf", {"type": "bandwidth"})
    file = put(tmp_path, "1.conflist", LIST)
    types = [plugin.type for plugin in conflist.load(file).plugins]
    assert types == ["bridge", "nuage-chain", "bandwidth", "tuning"]
    put(tmp_path, "1.conflist", {**LIST, "loadOnlyInlinedPlugins": True})
    assert len(conflist.load(file).plugins) == 2
    put(tmp_path, "1.conflist", {"cniVersion": "1.1.0", "name": "overlay"})
    assert [plugin.type for plugin in conflist.load(file).plugins] == ["bandwidth", "tuning"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = ["name", "cniVersion", "cniVersions", "plugins", "disableCheck", "disableGC", "loadOnlyInlinedPlugins", "type"]


@given(st.dictionaries(st.sampled_from(KEYS), JSON), st.sampled_from([".conflist", ".conf", ".json"]))
def test_any_json_is_either_a_network_or_one_of_our_errors(changes: dict[str, Any], suffix: str) -> None:
    network = parsed(json.dumps({**LIST, **changes}).encode(), Path(f"/nowhere/a{suffix}"))
    if isinstance(network, NuageChainError):
        assert "/nowhere/a" in network.message
    else:
        assert network.plugins


def parsed(raw: bytes, source: Path) -> conflist.Network | NuageChainError:
    try:
        return conflist.parse(raw, source)
    except NuageChainError as error:
        return error
