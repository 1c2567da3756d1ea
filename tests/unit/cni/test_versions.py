from __future__ import annotations

import pytest

from nuage_chain.cni import versions
from nuage_chain.errors import DecodeFailure, IncompatibleVersion


@pytest.mark.parametrize("version", versions.SUPPORTED)
@pytest.mark.parametrize("verb", ["ADD", "DEL", "CHECK", "STATUS", "GC"])
def test_each_version_has_the_verbs_of_its_time(verb: str, version: str) -> None:
    since = {"CHECK": "0.4.0", "STATUS": "1.1.0", "GC": "1.1.0"}.get(verb, "0.3.0")
    if version >= since:
        versions.check_verb(versions.VERBS[verb], version)
    else:
        with pytest.raises(IncompatibleVersion, match=f"{verb} exists since cniVersion {since}"):
            versions.check_verb(versions.VERBS[verb], version)


@pytest.mark.parametrize("version", versions.TOO_OLD)
def test_the_versions_without_lists_are_refused_with_the_reason(version: str) -> None:
    with pytest.raises(IncompatibleVersion, match="no plugin lists and no prevResult") as caught:
        versions.checked(version)
    assert all(supported in caught.value.hint for supported in versions.SUPPORTED)


@pytest.mark.parametrize("config", [{}, {"cniVersion": ""}, {"cniVersion": None, "cniVersions": []}])
def test_a_configuration_without_version_is_of_the_first_one(config: dict[str, object]) -> None:
    assert versions.of_config(config) == "0.1.0"


@pytest.mark.parametrize(
    "config",
    [{"cniVersion": 1}, {"cniVersion": []}, {"cniVersions": "1.0.0"}, {"cniVersions": [1]}, {"cniVersions": {}}],
)
def test_a_version_of_another_type_is_a_decode_failure(config: dict[str, object]) -> None:
    with pytest.raises(DecodeFailure):
        versions.of_config(config)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("0.1.0", "0.1.0"), ("1.0.0", "1.0.0"), ("9.9.9", "9.9.9"), ("1.1", "1.1"), ("x", "1.1.0"), ("1" * 100, "1.1.0")],
)
def test_version_is_answered_in_the_version_it_is_asked_in(asked: str, answered: str) -> None:
    assert versions.reply(asked) == {"cniVersion": answered, "supportedVersions": list(versions.SUPPORTED)}
