from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from nuage_chain.cni.runtime.network import Attachment, Runtime
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, CheckFailed, DeadlineExceeded, PluginFailed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.cni.runtime.conftest import Networks, Plugins


def cached(folder: Path) -> list[str]:
    return sorted(file.name for file in (folder / "results").glob("*"))


def test_add_runs_in_order_and_each_gets_the_result_of_the_one_before(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment, cache_dir: Path
) -> None:
    plugins.make("first", 'echo \'{"cniVersion": "1.0.0", "interfaces": [{"name": "eth0"}]}\'')
    plugins.make("second", "echo '{\"ips\": []}'")
    result = runtime.add(network("first", "second"), attachment, Deadline(5))
    assert result == {"cniVersion": "1.0.0", "ips": []}
    first, second = plugins.calls()
    assert first.stdin == {"type": "first", "name": "net", "cniVersion": "1.0.0"}
    assert second.stdin["prevResult"] == {"cniVersion": "1.0.0", "interfaces": [{"name": "eth0"}]}
    assert {name: value for name, value in first.environment.items() if name.startswith(("CNI_", "LANG"))} == {
        "LANG": "C",
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": "/run/netns/c1",
        "CNI_IFNAME": "eth0",
        "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAME=web",
        "CNI_PATH": str(plugins.folder),
    }
    assert cached(cache_dir) == ["net-c1-eth0"]


def test_only_declared_capabilities_are_passed(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment
) -> None:
    plugins.make("a")
    net = network.of(
        {
            "cniVersion": "1.0.0",
            "name": "net",
            "plugins": [
                {"type": "a", "capabilities": {"ips": True, "mac": True}},
                {"type": "a", "capabilities": {"ips": False}},
                {"type": "a"},
            ],
        }
    )
    runtime.add(net, attachment, Deadline(5))
    assert [called.stdin.get("runtimeConfig") for called in plugins.calls()] == [{"ips": ["10.0.0.9/24"]}, None, None]


def test_add_that_fails_stops_there_caches_nothing_and_cleans_nothing(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment, cache_dir: Path
) -> None:
    plugins.make("a")
    plugins.failing("b", "ADD")
    plugins.make("c")
    with pytest.raises(PluginFailed, match="no such thing") as caught:
        runtime.add(network("a", "b", "c"), attachment, Deadline(5))
    assert (caught.value.plugin, caught.value.plugin_code) == ("b", 7)
    assert plugins.order() == [("ADD", "a"), ("ADD", "b")]
    assert cached(cache_dir) == []


def test_add_or_clean_deletes_with_every_plugin_in_reverse_and_without_prev_result(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment, cache_dir: Path
) -> None:
    plugins.make("a")
    plugins.failing("b", "ADD")
    plugins.failing("c", "DEL", '{"code": 1, "msg": "cannot delete"}')
    with pytest.raises(PluginFailed) as caught:
        runtime.add_or_clean(network("a", "b", "c"), attachment, Deadline(5))
    assert plugins.order() == [("ADD", "a"), ("ADD", "b"), ("DEL", "c"), ("DEL", "b"), ("DEL", "a")]
    assert all("prevResult" not in called.stdin for called in plugins.calls()[2:])
    assert caught.value.plugin == "b"
    assert "no such thing. Besides: Plugin 'c' failed (DEL): cannot delete" in str(caught.value)
    assert cached(cache_dir) == []


def test_add_or_clean_runs_nothing_where_a_plugin_is_not_there(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment
) -> None:
    plugins.make("a")
    with pytest.raises(BadConfig, match="no plugin 'absent'"):
        runtime.add_or_clean(network("a", "absent"), attachment, Deadline(5))
    assert plugins.order() == []


def test_add_or_clean_cleans_also_when_the_deadline_is_used_up(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment
) -> None:
    plugins.make("a", "[ $CNI_COMMAND = ADD ] && sleep 30; true")
    with pytest.raises(DeadlineExceeded, match="'a' did not finish ADD"):
        runtime.add_or_clean(network("a"), attachment, Deadline(1))
    assert plugins.order() == [("ADD", "a"), ("DEL", "a")]


def test_delete_runs_in_reverse_with_the_cached_result_and_forgets_it(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment, cache_dir: Path
) -> None:
    plugins.make("a")
    plugins.make("b", 'echo \'{"cniVersion": "1.0.0", "ips": []}\'')
    net = network("a", "b")
    runtime.add(net, attachment, Deadline(5))
    runtime.delete(net, attachment, Deadline(5))
    runtime.delete(net, attachment, Deadline(5))
    assert plugins.order()[2:] == [("DEL", "b"), ("DEL", "a")] * 2
    previous = [called.stdin.get("prevResult") for called in plugins.calls()[2:]]
    assert previous == [{"cniVersion": "1.0.0", "ips": []}] * 2 + [None] * 2
    assert cached(cache_dir) == []


@pytest.mark.parametrize(("version", "passed"), [("0.3.1", False), ("0.4.0", True), ("1.1.0", True)])
def test_the_cached_result_goes_to_delete_from_0_4_0_on(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment, version: str, passed: bool
) -> None:
    plugins.make("a")
    net = network("a", version=version)
    runtime.add(net, attachment, Deadline(5))
    runtime.delete(net, attachment, Deadline(5))
    assert ("prevResult" in plugins.calls()[1].stdin) is passed


def test_delete_that_fails_keeps_the_cache_so_that_it_can_be_repeated(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment, cache_dir: Path
) -> None:
    plugins.make("a")
    plugins.failing("b", "DEL")
    net = network("a", "b")
    runtime.add(net, attachment, Deadline(5))
    with pytest.raises(PluginFailed):
        runtime.delete(net, attachment, Deadline(5))
    assert plugins.order()[2:] == [("DEL", "b")]
    assert cached(cache_dir) == ["net-c1-eth0"]


def test_a_broken_cache_file_does_not_stop_delete(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment, cache_dir: Path
) -> None:
    plugins.make("a")
    net = network("a")
    runtime.add(net, attachment, Deadline(5))
    (cache_dir / "results" / "net-c1-eth0").write_text('{"kind": "cniCach')
    runtime.delete(net, attachment, Deadline(5))
    assert "prevResult" not in plugins.calls()[1].stdin
    assert cached(cache_dir) == []


def test_a_cached_result_is_converted_where_the_configuration_has_changed(
    plugins: Plugins, network: Networks, attachment: Attachment, cache_dir: Path
) -> None:
    def convert(result: dict[str, Any], version: str) -> dict[str, Any]:
        return {**result, "cniVersion": version}

    runtime = Runtime([plugins.folder], cache_dir, environment={"PATH": "/usr/bin:/bin"}, convert=convert)
    plugins.make("a")
    runtime.add(network("a"), attachment, Deadline(5))
    runtime.delete(network("a", version="0.4.0"), attachment, Deadline(5))
    assert plugins.calls()[1].stdin["prevResult"] == {"cniVersion": "0.4.0"}


def test_check_runs_in_order_with_the_cached_result(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment
) -> None:
    plugins.make("a")
    plugins.make("b")
    net = network("a", "b")
    runtime.add(net, attachment, Deadline(5))
    runtime.check(net, attachment, Deadline(5))
    assert plugins.order()[2:] == [("CHECK", "a"), ("CHECK", "b")]
    assert plugins.calls()[2].stdin["prevResult"] == {"cniVersion": "1.0.0"}


def test_check_is_not_called_with_disable_check(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment
) -> None:
    plugins.failing("a", "CHECK")
    net = network("a", disableCheck=True)
    runtime.add(net, attachment, Deadline(5))
    runtime.check(net, attachment, Deadline(5))
    assert plugins.order() == [("ADD", "a")]


def test_check_of_a_version_that_has_none_is_an_error(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment
) -> None:
    plugins.make("a")
    with pytest.raises(BadConfig, match="has no CHECK"):
        runtime.check(network("a", version="0.3.1"), attachment, Deadline(5))


def test_check_of_what_was_never_added_is_an_error(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment
) -> None:
    plugins.make("a")
    with pytest.raises(CheckFailed, match="never added"):
        runtime.check(network("a"), attachment, Deadline(5))


def test_status_asks_each_plugin_from_1_1_0_on(runtime: Runtime, plugins: Plugins, network: Networks) -> None:
    plugins.make("a")
    plugins.failing("b", "STATUS", '{"code": 50, "msg": "down"}')
    runtime.status(network("a", "b"), Deadline(5))
    assert plugins.order() == []
    with pytest.raises(PluginFailed) as caught:
        runtime.status(network("a", "b", "a", version="1.1.0"), Deadline(5))
    assert caught.value.plugin_code == 50
    assert plugins.order() == [("STATUS", "a"), ("STATUS", "b")]
    assert plugins.calls()[0].stdin == {"type": "a", "name": "net", "cniVersion": "1.1.0"}
    assert plugins.calls()[0].environment["CNI_CONTAINERID"] == ""


def test_gc_deletes_what_is_stale_in_this_network_and_tells_every_plugin_what_is_valid(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment, cache_dir: Path
) -> None:
    plugins.make("a")
    plugins.make("b")
    net = network("a", "b", version="1.1.0")
    stale = Attachment("c2", "/run/netns/c2", "eth0", [("A", "b")])
    runtime.add(net, attachment, Deadline(5))
    runtime.add(net, stale, Deadline(5))
    runtime.add(network("a", name="other"), Attachment("c3", "", "eth0"), Deadline(5))
    runtime.gc(net, [("c1", "eth0")], Deadline(5))
    calls = plugins.calls()[5:]
    assert [(called.command, called.plugin, called.environment["CNI_CONTAINERID"]) for called in calls] == [
        ("DEL", "b", "c2"),
        ("DEL", "a", "c2"),
        ("GC", "a", ""),
        ("GC", "b", ""),
    ]
    assert calls[0].environment["CNI_NETNS"] == "/run/netns/c2"
    assert calls[0].environment["CNI_ARGS"] == "A=b"
    valid = [{"containerID": "c1", "ifname": "eth0"}]
    assert calls[2].stdin["cni.dev/valid-attachments"] == valid
    assert calls[2].stdin["cni.dev/attachments"] == valid
    assert cached(cache_dir) == ["net-c1-eth0", "other-c3-eth0"]


def test_gc_goes_on_after_an_error_and_reports_all_of_them(
    runtime: Runtime, plugins: Plugins, network: Networks, attachment: Attachment
) -> None:
    plugins.make("a", '[ $CNI_COMMAND = ADD ] || { echo \'{"msg": "a cannot"}\'; exit 1; }; echo "{}"')
    plugins.failing("b", "GC", '{"msg": "b cannot"}')
    net = network("a", "b", version="1.1.0")
    runtime.add(net, attachment, Deadline(5))
    with pytest.raises(PluginFailed) as caught:
        runtime.gc(net, [], Deadline(5))
    assert str(caught.value) == (
        "Plugin 'a' failed (DEL): a cannot. Plugin 'a' failed (GC): a cannot. Plugin 'b' failed (GC): b cannot."
    )


@pytest.mark.parametrize(("version", "keys"), [("1.0.0", {}), ("1.1.0", {"disableGC": True})])
def test_gc_is_not_sent_where_the_list_has_none(
    runtime: Runtime, plugins: Plugins, network: Networks, version: str, keys: dict[str, Any]
) -> None:
    plugins.make("a")
    runtime.gc(network("a", version=version, **keys), [], Deadline(5))
    assert plugins.order() == []


@pytest.mark.parametrize("verb", ["add", "add_or_clean", "delete", "check"])
def test_an_id_that_would_leave_the_cache_folder_runs_nothing(
    runtime: Runtime, plugins: Plugins, network: Networks, verb: str, tmp_path: Path
) -> None:
    plugins.make("a")
    with pytest.raises(BadConfig, match="container ID"):
        getattr(runtime, verb)(network("a"), Attachment("../../x", "", "eth0"), Deadline(5))
    assert plugins.order() == []
    assert list(tmp_path.parent.glob("x-*")) + list(tmp_path.rglob("x-*")) == []
