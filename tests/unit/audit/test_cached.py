from __future__ import annotations

import json
from pathlib import Path

import pytest

from nuage_chain.audit.cached import Cached
from nuage_chain.deadline import Deadline
from nuage_chain.link.kernel import booted_at
from nuage_chain.orchestrators.workloads import Listing


@pytest.fixture
def results(tmp_path: Path) -> Path:
    (tmp_path / "results").mkdir()
    return tmp_path / "results"


def entry(results: Path, container: str, ifname: str = "eth0", **more: object) -> None:
    """As libcni writes it."""
    content = {"kind": "cniCacheV1", "containerId": container, "ifName": ifname, "networkName": "net", "config": ""}
    (results / f"net-{container}-{ifname}").write_text(json.dumps(content | more))


def listing(results: Path, seconds: float = 5) -> Listing:
    return Cached(results.parent).listing(Deadline(seconds))


def test_every_container_in_the_cache_is_listed(results: Path) -> None:
    assert listing(results) == Listing("libcni's cache", weak=True)
    for container, ifname in (("one", "eth0"), ("one", "eth1"), ("two", "eth0")):
        entry(results, container, ifname)
    assert listing(results) == Listing("libcni's cache", frozenset({"one", "two"}), weak=True)


def test_a_container_whose_namespace_is_gone_is_not_there_although_its_runtime_never_called_del(results: Path) -> None:
    here, gone = "/proc/self/ns/net", str(results / "netns-of-a-boot-before")
    entry(results, "live", netns=here)
    entry(results, "lost", netns=gone)
    # As Debian's podman writes it.
    for name, netns in (("live-too", here), ("lost-too", gone)):
        entry(results, name, result={"interfaces": [{"name": "nuage0"}, {"name": "eth0", "sandbox": netns}]})
    entry(results, "strange", result={"interfaces": [1, {"sandbox": 2}]})
    assert listing(results).sandboxes == {"live", "live-too", "strange"}


def test_a_node_without_a_cache_has_none(tmp_path: Path) -> None:
    assert Cached(tmp_path / "none").listing(Deadline(5)) == Listing("libcni's cache", weak=True)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kind": "cniCacheV1"}', '{"cniVersion": "0.4.0"}', "\0\0\0"])
def test_a_file_that_may_be_about_any_container_is_a_problem_and_hides_the_rest(results: Path, text: str) -> None:
    entry(results, "one")
    (results / "net-two-eth0").write_text(text)
    found = listing(results)
    assert (found.empty, found.problem) == (True, f"nobody can tell whose result {results}/net-two-eth0 is.")
    (results / "net-three-eth0").write_text(text)
    assert listing(results).problem.endswith("net-three-eth0 is, nor that of 1 more.")


def test_a_file_that_a_power_cut_has_emptied_says_nothing_of_this_boot(results: Path) -> None:
    entry(results, "one")
    broken = results / "net-two-eth0"
    broken.write_text("")
    before, after = broken.stat().st_mtime - 1, broken.stat().st_mtime + 1
    assert Cached(results.parent, lambda: before).listing(Deadline(5)).problem
    assert Cached(results.parent, lambda: after).listing(Deadline(5)) == Listing(
        "libcni's cache", frozenset({"one"}), weak=True
    )


def test_this_boot_began_before_this_test_and_not_long_ago_by_the_files_clock(results: Path) -> None:
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    (results / "now").write_text("")
    assert abs((results / "now").stat().st_mtime - booted_at() - uptime) < 5


def test_a_folder_that_cannot_be_read_and_a_time_that_is_up_are_problems(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("")
    assert "cannot be read: Not a directory." in Cached(tmp_path).listing(Deadline(5)).problem
    assert "No time left" in Cached(tmp_path).listing(Deadline(0)).problem
