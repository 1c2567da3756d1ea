"""Where configuration comes from, lowest precedence first; each source becomes a layer of validated values.

Built-in default < the predecessor's files < /etc/nuage-chain/config.yaml < the plugin's entry in the conflist <
`args.cni` < `CNI_ARGS` < `runtimeConfig`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nuage_chain.attachment.keys import validate
from nuage_chain.cni.request import Request
from nuage_chain.errors import BadConfig

CONFIG_FILE = Path("/etc/nuage-chain/config.yaml")
ANNOTATIONS = "io.kubernetes.cri.pod-annotations"

# Keys of a conflist's entry that belong to CNI and not to us (specification, section 1).
_PROTOCOL_KEYS = frozenset({
    "args", "capabilities", "cniVersion", "cniVersions", "configFile", "disableCheck", "disableGC", "dns", "ipMasq",
    "ipam", "loadOnlyInlinedPlugins", "name", "prevResult", "runtimeConfig", "type",
})  # fmt: skip

# nuage-cni's own files, so that a node can be moved over as it is (shared/contracts/kubemon.md 4.5).
PREDECESSOR: Mapping[Path, Mapping[str, str]] = {
    Path("/etc/default/nuage-cni.yaml"): {
        "vrsendpoint": "ovsdb", "vrsbridge": "bridge", "portresolvetimer": "timeout", "mtu": "mtu",
    },
    Path("/usr/share/vsp-k8s/vsp-k8s.yaml"): {
        "enterpriseName": "enterprise", "domainName": "domain", "vsdUser": "user",
    },
}  # fmt: skip

_LABELS = {
    "nuage.io/enterprise": "enterprise", "nuage.io/domain": "domain", "nuage.io/zone": "zone",
    "nuage.io/subnet": "subnet", "nuage.io/user": "user", "nuage.io/policy-group": "policyGroups",
    "nuage.io/redirection-target": "redirectionTargets", "nuage.io/static-ip": "staticIP",
}  # fmt: skip
_ARGS = {
    "NUAGE_ENTERPRISE": "enterprise", "NUAGE_DOMAIN": "domain", "NUAGE_ZONE": "zone", "NUAGE_SUBNET": "subnet",
    "NUAGE_USER": "user", "NUAGE_POLICY_GROUPS": "policyGroups",
    "NUAGE_REDIRECTION_TARGETS": "redirectionTargets", "NUAGE_STATIC_IP": "staticIP", "IP": "staticIP",
}  # fmt: skip


@dataclass(frozen=True)
class Layer:
    """The validated values of one source, and how a person calls that source."""

    source: str
    values: Mapping[str, Any]


def layers(request: Request, *, config_file: Path | None = None, strict: bool = True) -> list[Layer]:
    """Every source that says something about this call, lowest precedence first.

    config_file: the node's file, where the conflist does not name another with `configFile`.
    Raises BadConfig.
    """
    entry = request.config
    named = entry.get("configFile")
    if named is not None and not (isinstance(named, str) and Path(named).is_absolute()):
        raise BadConfig(f"{_entry_name(request)}: `configFile` has to be an absolute path.")
    path = Path(named) if named else config_file or CONFIG_FILE
    found = [_predecessor(p, renamed) for p, renamed in PREDECESSOR.items() if p.exists()]
    if named or config_file or path.exists():
        found.append(Layer(str(path), validate(_yaml(path), str(path), strict=strict)))
    found.append(Layer(_entry_name(request), validate(_ours(entry), _entry_name(request), strict=strict)))
    for source, read in _WORKLOAD:
        values = {k: v for k, v in read(request).items() if v not in (None, "", [])}
        found.append(Layer(source, validate(values, source, strict=strict)))
    return found


def _entry_name(request: Request) -> str:
    return f"network {request.network!r}, entry {request.config.get('type') or 'nuage-chain'!r}"


def _ours(entry: Mapping[str, Any]) -> dict[str, Any]:
    # A key with a slash is namespaced and somebody else's: libcni's cni.dev/valid-attachments, for one.
    return {k: v for k, v in entry.items() if k not in _PROTOCOL_KEYS and "/" not in k}


def _yaml(path: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(path.read_bytes())
    except OSError as e:
        raise BadConfig(f"{path} cannot be read: {e.strerror}.") from e
    except yaml.YAMLError as e:
        raise BadConfig(f"{path} is not YAML: {' '.join(str(e).split())}.") from e
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        raise BadConfig(f"{path} has to hold keys and values, such as `bridge: alubr0`.")
    return document


def _predecessor(path: Path, renamed: Mapping[str, str]) -> Layer:
    values = {renamed[k]: v for k, v in _yaml(path).items() if k in renamed and v not in (None, "", 0)}
    if str(values.get("ovsdb", "")).startswith("/"):
        values["ovsdb"] = f"unix:{values['ovsdb']}"
    return Layer(str(path), validate(values, str(path)))


def _from_args_cni(request: Request) -> dict[str, Any]:
    cni = _object(_object(request.config.get("args")).get("cni"))
    labels = cni.get("labels")
    pairs = (
        {str(p.get("key")): p.get("value") for p in labels if isinstance(p, Mapping)}
        if isinstance(labels, list)
        else {}
    )
    return _renamed(pairs, _LABELS) | {"staticIP": _first(cni.get("ips"))} | dict(_object(cni.get("nuage")))


def _from_cni_args(request: Request) -> dict[str, Any]:
    return _renamed(request.args, _ARGS)


def _from_runtime_config(request: Request) -> dict[str, Any]:
    runtime = _object(request.config.get("runtimeConfig"))
    # Its keys come in Go's case from containerd and in lower case from podman (field notes).
    folded = {str(k).lower(): v for k, v in runtime.items()}
    return {"staticIP": _first(folded.get("ips"))} | _renamed(_object(folded.get(ANNOTATIONS)), _LABELS)


_WORKLOAD: tuple[tuple[str, Callable[[Request], dict[str, Any]]], ...] = (
    ("args.cni", _from_args_cni),
    ("CNI_ARGS", _from_cni_args),
    ("runtimeConfig", _from_runtime_config),
)


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names[k]: v for k, v in values.items() if k in names}


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else None
