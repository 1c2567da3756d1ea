from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nuage_chain.attachment import lint
from nuage_chain.attachment.lint import ERROR, WARNING, Chain, Rule

ALWAYS = Rule("always", WARNING, "Nothing.", lambda chain: [f"{chain.network.name} at {chain.place}."])


def write(path: Path, name: str, *kinds: str, **more: Any) -> Path:
    plugins = [{"type": kind} for kind in kinds]
    path.write_text(json.dumps({"cniVersion": "1.0.0", "name": name, "plugins": plugins, **more}))
    return path


def test_a_rule_is_asked_about_lists_that_have_us_in_them_only(tmp_path: Path) -> None:
    ours = write(tmp_path / "1.conflist", "ours", "bridge", "nuage-chain")
    other = write(tmp_path / "2.conflist", "other", "bridge")
    [found] = lint.lint([ours, other], [], [ALWAYS])
    assert found == lint.Finding(str(ours), "always", WARNING, "ours at 1.", "Nothing.")


def test_a_rule_sees_what_is_before_and_what_is_after_us(tmp_path: Path) -> None:
    seen: list[Chain] = []

    def look(chain: Chain) -> list[str]:
        seen.append(chain)
        return []

    file = write(tmp_path / "1.conflist", "ours", "bridge", "tuning", "nuage-chain", "sbr")
    assert lint.lint([file], [tmp_path], [Rule("look", ERROR, "", look)]) == []
    [chain] = seen
    assert [p.type for p in chain.before] == ["bridge", "tuning"]
    assert [p.type for p in chain.after] == ["sbr"]
    assert (chain.first.type, chain.ours["type"], chain.plugin_dirs) == ("bridge", "nuage-chain", (tmp_path,))


def test_a_file_that_cannot_be_read_is_an_error_and_hides_no_other(tmp_path: Path) -> None:
    broken, fine = tmp_path / "1.conflist", write(tmp_path / "2.conflist", "ours", "bridge", "nuage-chain")
    broken.write_text("{")
    gone = tmp_path / "gone.conflist"
    found = lint.lint([broken, gone, fine], [], [ALWAYS])
    assert [(f.file, f.rule, f.severity) for f in found] == [
        (str(broken), lint.UNREADABLE, ERROR),
        (str(gone), lint.UNREADABLE, ERROR),
        (str(fine), "always", WARNING),
    ]
    assert found[0].message.startswith("is not JSON")


def test_two_networks_of_one_name_are_a_warning(tmp_path: Path) -> None:
    one, two = write(tmp_path / "1.conflist", "net", "bridge"), write(tmp_path / "2.conflist", "net", "ptp")
    [found] = lint.lint([one, two], [], [])
    assert (found.file, found.rule, found.severity) == (str(two), lint.SAME_NAME, WARNING)
    assert str(one) in found.message


def test_the_configurations_of_a_folder_are_those_that_a_runtime_reads(tmp_path: Path) -> None:
    for name in ("20.conf", "10.conflist", "30.json", "README.md", "40.conflist.bak"):
        (tmp_path / name).touch()
    (tmp_path / "50.conflist").mkdir()
    assert [f.name for f in lint.configurations(tmp_path)] == ["10.conflist", "20.conf", "30.json"]
    assert lint.configurations(tmp_path / "one.conflist") == [tmp_path / "one.conflist"]
