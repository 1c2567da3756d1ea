"""Network configurations: a list of plugins from a `.conflist`, or one plugin from a `.conf` or `.json`.

CNI specification, section 1; where it is silent, libcni's ways: an upconverted single configuration, booleans as
strings, the highest of `cniVersions` that is known here, further plugins in a folder of the network's name.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nuage_chain.cni.runtime.attachment import NAME
from nuage_chain.errors import BadConfig, IOFailure, NuageChainError

LATEST = (1, 1, 0)
VERSION = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+")
LIST_SUFFIX = ".conflist"
SINGLE_SUFFIXES = (".conf", ".json")


@dataclass(frozen=True)
class Plugin:
    """One entry of a list. config: the entry as it is in the file."""

    type: str
    config: dict[str, Any]

    @property
    def capabilities(self) -> list[str]:
        """What of `runtimeConfig` the entry asks for."""
        return [name for name, wanted in (self.config.get("capabilities") or {}).items() if wanted]


@dataclass(frozen=True)
class Network:
    """A network configuration. raw: the list as JSON, for the cache; source: where it was read from."""

    name: str
    version: str
    plugins: tuple[Plugin, ...]
    raw: bytes
    source: str
    disable_check: bool = False
    disable_gc: bool = False

    def has(self, version: str) -> bool:
        """Whether this configuration is of at least that version of the specification."""
        return _numbers(self.version) >= _numbers(version)


def load(path: Path) -> Network:
    """The network configuration in a file. Raises BadConfig that names file and key; IOFailure."""
    return parse(_content(path), path)


def load_folder(folder: Path) -> tuple[list[Network], list[NuageChainError]]:
    """All network configurations of a folder, and what is wrong with those that could not be read. Raises IOFailure."""
    try:
        files = sorted(file for file in folder.iterdir() if file.is_file())
    except OSError as error:
        raise IOFailure(f"{folder} cannot be read: {error.strerror}.") from error
    chosen = [file for file in files if file.suffix == LIST_SUFFIX]
    chosen += [file for file in files if file.suffix in SINGLE_SUFFIXES]
    networks: list[Network] = []
    problems: list[NuageChainError] = []
    for file in chosen:
        try:
            networks.append(load(file))
        except NuageChainError as problem:
            problems.append(problem)
    return networks, problems


def parse(raw: bytes, source: Path) -> Network:
    """The configuration in `raw`. source: its file, which decides whether it is a list. Raises BadConfig."""
    top = _object(raw, source)
    if source.suffix in SINGLE_SUFFIXES and "plugins" in top:
        raise BadConfig(f"{source}: has `plugins`, so it is a list.", hint=f"Name the file *{LIST_SUFFIX}.")
    if "plugins" not in top and source.suffix != LIST_SUFFIX:
        top = {
            **{key: top[key] for key in ("name", "cniVersion", "cniVersions") if key in top},
            "plugins": [top],
        }
        raw = json.dumps(top).encode()
    name = _name(top, source)
    return Network(
        name=name,
        version=_version(top, source),
        plugins=tuple(_plugins(top, source, name)),
        raw=raw,
        source=str(source),
        disable_check=_flag(top, "disableCheck", source),
        disable_gc=_flag(top, "disableGC", source),
    )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise IOFailure(f"{path} cannot be read: {error.strerror}.") from error


def _object(raw: bytes, source: Path) -> dict[str, Any]:
    try:
        top = json.loads(raw)
    except ValueError as error:
        raise BadConfig(f"{source}: is not JSON: {error}.") from error
    if not isinstance(top, dict):
        raise BadConfig(f"{source}: has to be a JSON object.")
    return top


def _name(top: dict[str, Any], source: Path) -> str:
    name = top.get("name")
    if not isinstance(name, str) or not name:
        raise BadConfig(f"{source}: `name` is missing or not a string.")
    if not NAME.fullmatch(name):
        raise BadConfig(f"{source}: `name` {name!r} has to be of letters, digits, and after the first also `_.-`.")
    return name


def _version(top: dict[str, Any], source: Path) -> str:
    several = top.get("cniVersions", [])
    if not isinstance(several, list):
        raise BadConfig(f"{source}: `cniVersions` has to be a list of versions.")
    given = [*several, top["cniVersion"]] if "cniVersion" in top else several
    for version in given:
        if not isinstance(version, str) or not VERSION.fullmatch(version):
            raise BadConfig(f"{source}: `cniVersion` {version!r} is not a version as 1.0.0.")
    if not given:
        raise BadConfig(f"{source}: `cniVersion` is missing.", hint='Add "cniVersion": "1.0.0".')
    known: list[str] = [version for version in given if _numbers(version) <= LATEST]
    if not known:
        raise BadConfig(f"{source}: `cniVersion` {', '.join(given)} is newer than what is known here, up to 1.1.0.")
    return max(known, key=_numbers)


def _plugins(top: dict[str, Any], source: Path, name: str) -> list[Plugin]:
    inlined = top.get("plugins", [])
    if not isinstance(inlined, list):
        raise BadConfig(f"{source}: `plugins` has to be a list.")
    plugins = [_plugin(entry, source, f"plugins[{n}]") for n, entry in enumerate(inlined)]
    if source.suffix == LIST_SUFFIX and not _flag(top, "loadOnlyInlinedPlugins", source):
        # Plugins of this network in files of their own (specification 1.1, "Plugin configuration objects").
        files = sorted((source.parent / name).glob("*.conf"))
        plugins += [_plugin(_object(_content(file), file), file, "the configuration") for file in files]
    if not plugins:
        raise BadConfig(f"{source}: `plugins` is missing or empty.")
    return plugins


def _plugin(entry: object, source: Path, where: str) -> Plugin:
    if not isinstance(entry, dict):
        raise BadConfig(f"{source}: {where} has to be an object.")
    kind = entry.get("type")
    if not isinstance(kind, str) or not kind:
        raise BadConfig(f"{source}: {where} has no `type`.")
    if "/" in kind or "\\" in kind or "\0" in kind or kind in (".", ".."):
        raise BadConfig(f"{source}: {where}: `type` {kind!r} has to be the name of a plugin, not a path.")
    capabilities = entry.get("capabilities")
    if capabilities is not None and not (
        isinstance(capabilities, dict) and all(isinstance(wanted, bool) for wanted in capabilities.values())
    ):
        raise BadConfig(f"{source}: {where}: `capabilities` has to be an object of true and false.")
    return Plugin(kind, entry)


def _flag(top: dict[str, Any], key: str, source: Path) -> bool:
    value = top.get(key, False)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise BadConfig(f"{source}: `{key}` has to be true or false.")
    return value


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
