from __future__ import annotations

from pathlib import PurePosixPath

from nuage_chain.installation.distributions import collect


def test_it_is_our_code_with_units_and_lists_and_every_package_that_it_imports() -> None:
    found = collect()
    for name in (
        *("nuage_chain/relay.py", "nuage_chain/vsp/vsd/model.json", "yaml/__init__.py", "ovs/db/idl.py"),
        *("nuage_chain/shipped/systemd/nuage-chain-audit.timer", "nuage_chain/shipped/conflists/10-nuage.conflist"),
        *("certifi/cacert.pem", "pyroute2/__init__.py", "idna/__init__.py"),
    ):
        assert found[PurePosixPath(name)].is_file(), name
    assert {name.parts[0] for name in found} & {"pytest", "mypy", "pip", "setuptools", "vspk"} == set()
    assert [name for name in found if "__pycache__" in name.parts or name.is_absolute() or ".." in name.parts] == []


def test_what_was_copied_can_install_itself_again() -> None:
    names = collect()
    assert any(name.match("nuage_chain-*.dist-info/METADATA") for name in names)
    assert any(name.match("requests-*.dist-info/RECORD") for name in names)
