from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from nuage_chain.cni.runtime import execute
from nuage_chain.cni.runtime.process import Finished
from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, DeadlineExceeded, PluginFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nuage_chain.cni.runtime.attachment import Attachment

BRIDGE = Path("/usr/lib/cni/bridge")


def run_to(finished: Finished) -> bytes:
    def run(_program: Path, _environment: Mapping[str, str], _stdin: bytes, _deadline: Deadline) -> Finished:
        return finished

    return execute.execute(BRIDGE, {"CNI_COMMAND": "ADD"}, {}, Deadline(5), run)


def test_the_variables_are_those_of_the_specification_over_the_environment(attachment: Attachment) -> None:
    made = execute.variables("ADD", attachment, [Path("/a"), Path("/b")], {"PATH": "/bin", "CNI_IFNAME": "stale"})
    assert made == {
        "PATH": "/bin",
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": "/run/netns/c1",
        "CNI_IFNAME": "eth0",
        "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAME=web",
        "CNI_PATH": "/a:/b",
    }


def test_an_error_in_json_keeps_the_words_and_the_code_of_the_plugin() -> None:
    output = b'{"cniVersion": "1.0.0", "code": 11, "msg": "try again", "details": "no lease"}'
    with pytest.raises(PluginFailed) as caught:
        run_to(Finished(1, output, b"noise"))
    error = caught.value
    assert (error.plugin, error.command, error.plugin_code, error.plugin_message, error.details) == (
        "bridge",
        "ADD",
        11,
        "try again",
        "no lease",
    )
    assert error.message == "Plugin 'bridge' failed (ADD): try again (no lease)"
    assert error.code == 108


@pytest.mark.parametrize(
    ("finished", "words"),
    [
        (Finished(1, b"", b""), "it exited with status 1, in silence"),
        (Finished(2, b"", b"1\n2\n3\n4\n5\npanic: x\n"), "status 2, and said: 2 3 4 5 panic: x"),
        (Finished(127, b"sh: not found", b""), "status 127, and said: sh: not found"),
        (Finished(1, b'{"code": 7}', b"why"), "status 1, and said: why"),
        (Finished(1, b"[]", b"\x1b[31mred\xff"), "and said:  [31mred"),
        (Finished(-9, b"", b""), "killed by SIGKILL"),
        (Finished(-11, b"", b"core"), "killed by SIGSEGV, and said: core"),
        (Finished(1, b'{"msg": "only this", "code": "x"}', b""), "only this"),
    ],
)
def test_whatever_a_failing_plugin_prints_there_is_a_message(finished: Finished, words: str) -> None:
    with pytest.raises(PluginFailed) as caught:
        run_to(finished)
    assert words in caught.value.message
    assert caught.value.plugin_code is None


def test_a_plugin_that_was_ended_at_the_deadline_is_named() -> None:
    with pytest.raises(DeadlineExceeded, match="'bridge' did not finish ADD"):
        run_to(Finished(-15, b"", b"", timed_out=True))


@pytest.mark.parametrize(
    ("printed", "version"), [(b'{"cniVersion": "0.4.0"}', "0.4.0"), (b"{}", "1.0.0"), (b'{"cniVersion": ""}', "1.0.0")]
)
def test_a_result_without_version_is_of_that_of_the_configuration(printed: bytes, version: str) -> None:
    assert execute.result_of(printed, "bridge", "1.0.0")["cniVersion"] == version


@pytest.mark.parametrize("printed", [b"", b"ok", b"[]", b"null", b"\xff"])
def test_a_result_that_is_no_object_is_an_error_of_the_plugin(printed: bytes) -> None:
    with pytest.raises(PluginFailed, match="result"):
        execute.result_of(printed, "bridge", "1.0.0")


def test_a_plugin_is_taken_from_the_first_folder_that_has_it(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        folder.mkdir()
    (folders[0] / "x").mkdir()
    for folder in folders[1:]:
        (folder / "x").write_text("")
    assert execute.find_plugin("x", folders) == folders[1] / "x"


def test_a_plugin_that_is_nowhere_is_said_with_the_folders() -> None:
    with pytest.raises(BadConfig, match="no plugin 'x' in /a, /b"):
        execute.find_plugin("x", [Path("/a"), Path("/b")])
