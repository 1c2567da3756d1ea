from __future__ import annotations

import base64
import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.cni.runtime import cache as cache_module
from nuage_chain.cni.runtime.attachment import Attachment
from nuage_chain.cni.runtime.cache import Cache
from nuage_chain.errors import IOFailure

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cni.runtime.conftest import Networks

RESULT = {"cniVersion": "1.0.0", "interfaces": [{"name": "eth0"}]}


def content(folder: Path, name: str = "net-c1-eth0") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "results" / name).read_text())
    return found


def test_the_file_has_the_name_the_modes_and_the_fields_of_libcni(
    cache_dir: Path, network: Networks, attachment: Attachment
) -> None:
    net = network("bridge")
    Cache(cache_dir).write(net, attachment, RESULT)
    file = cache_dir / "results" / "net-c1-eth0"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert content(cache_dir) == {
        "kind": "cniCacheV1",
        "containerId": "c1",
        "config": base64.b64encode(net.raw).decode(),
        "ifName": "eth0",
        "networkName": "net",
        "netns": "/run/netns/c1",
        "cniArgs": [["IgnoreUnknown", "1"], ["K8S_POD_NAME", "web"]],
        "capabilityArgs": {"ips": ["10.0.0.9/24"]},
        "result": RESULT,
    }


def test_what_is_empty_is_left_out_as_libcni_does(cache_dir: Path, network: Networks) -> None:
    Cache(cache_dir).write(network("bridge"), Attachment("c1", "", "eth0"), RESULT)
    assert set(content(cache_dir)) == {"kind", "containerId", "config", "ifName", "networkName", "result"}


def test_what_was_written_is_read_again(cache_dir: Path, network: Networks, attachment: Attachment) -> None:
    cache, net = Cache(cache_dir), network("bridge")
    cache.write(net, attachment, RESULT)
    assert cache.result("net", attachment) == RESULT
    (one,) = cache.attachments()
    assert (one.network, one.attachment, one.config, one.result) == ("net", attachment, net.raw, RESULT)


def test_a_second_write_replaces_the_first_and_leaves_no_other_file(
    cache_dir: Path, network: Networks, attachment: Attachment
) -> None:
    cache = Cache(cache_dir)
    cache.write(network("bridge"), attachment, RESULT)
    cache.write(network("bridge"), attachment, {"cniVersion": "0.4.0"})
    assert cache.result("net", attachment) == {"cniVersion": "0.4.0"}
    assert [file.name for file in cache_dir.rglob("*") if file.is_file()] == ["net-c1-eth0"]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        (json.dumps(RESULT), RESULT),
        (json.dumps({"kind": "cniCacheV1", "result": RESULT}), RESULT),
        (json.dumps({"kind": "cniCacheV1"}), None),
        (json.dumps({"kind": "cniCacheV1", "result": 3}), None),
        ("[]", None),
        ("{", None),
        ("", None),
    ],
    ids=["before 0.8", "without netns", "no result", "odd result", "list", "half", "empty"],
)
def test_files_of_other_writers_are_read_as_far_as_they_go(
    cache_dir: Path, attachment: Attachment, text: str, result: object
) -> None:
    (cache_dir / "results").mkdir(parents=True)
    (cache_dir / "results" / "net-c1-eth0").write_text(text)
    assert Cache(cache_dir).result("net", attachment) == result


def test_attachments_lists_what_is_whole_and_skips_the_rest(
    cache_dir: Path, network: Networks, attachment: Attachment
) -> None:
    cache = Cache(cache_dir)
    cache.write(network("bridge"), attachment, RESULT)
    cache.write(network("bridge"), Attachment("c2", "", "eth1"), RESULT)
    whole = content(cache_dir)
    odd: dict[str, object] = {
        "old": RESULT,
        "no-name": {**whole, "ifName": ""},
        "odd-config": {**whole, "config": 7},
        "odd-args": {**whole, "cniArgs": [["a"]]},
        "odd-capabilities": {**whole, "capabilityArgs": 7},
    }
    for name, text in odd.items():
        (cache_dir / "results" / name).write_text(json.dumps(text))
    assert [one.attachment.container_id for one in cache.attachments()] == ["c1", "c2"]
    assert [one.attachment.ifname for one in cache.attachments("c2")] == ["eth1"]
    assert {path.name for path in cache.contents().strange} == set(odd)


def test_what_is_no_file_is_passed_over_and_not_waited_for(
    cache_dir: Path, network: Networks, attachment: Attachment
) -> None:
    Cache(cache_dir).write(network("bridge"), attachment, RESULT)
    (cache_dir / "results" / "folder").mkdir()
    os.mkfifo(cache_dir / "results" / "fifo")
    contents = Cache(cache_dir).contents()
    assert (len(contents.found), contents.strange) == (1, [])


def test_a_file_that_is_removed_while_it_is_read_was_deleted_with_its_attachment(
    cache_dir: Path, network: Networks, attachment: Attachment, monkeypatch: pytest.MonkeyPatch
) -> None:
    Cache(cache_dir).write(network("bridge"), attachment, RESULT)

    def removed(path: Path) -> None:
        path.unlink()

    monkeypatch.setattr(cache_module, "_read", removed)
    assert Cache(cache_dir).contents().strange == []


def test_a_cache_that_is_not_there_holds_nothing_and_one_that_cannot_be_listed_is_told(tmp_path: Path) -> None:
    assert Cache(tmp_path / "none").contents().found == []
    (tmp_path / "results").write_text("")
    with pytest.raises(IOFailure, match=r"results cannot be read: Not a directory\."):
        Cache(tmp_path).contents()
    assert Cache(tmp_path).attachments() == []


def test_removing_twice_is_fine(cache_dir: Path, network: Networks, attachment: Attachment) -> None:
    cache = Cache(cache_dir)
    cache.write(network("bridge"), attachment, RESULT)
    cache.remove("net", attachment)
    cache.remove("net", attachment)
    assert cache.result("net", attachment) is None
    assert cache.attachments() == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, network: Networks, attachment: Attachment) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IOFailure, match="net-c1-eth0"):
        Cache(tmp_path / "file").write(network("bridge"), attachment, RESULT)


def test_a_name_that_is_too_long_for_a_file_is_an_error_and_leaves_nothing(cache_dir: Path, network: Networks) -> None:
    with pytest.raises(IOFailure, match="too long"):
        Cache(cache_dir).write(network("bridge"), Attachment("c" * 300, "", "eth0"), RESULT)
    assert [file for file in cache_dir.rglob("*") if file.is_file()] == []
