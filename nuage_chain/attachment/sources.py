"""Where configuration comes from, lowest precedence first; each source becomes a layer of validated values.

Built-in default < the predecessor's files < /etc/nuage-chain/config.yaml < the plugin's entry in the conflist <
nuagekubemon's answer < the pod's labels in Kubernetes < `args.cni` < labels of Mesos < `CNI_ARGS` < `runtimeConfig`.

A value of a nearer source takes the place of the others'; only nuagekubemon's policy groups come on top of whatever
the others say. Those two of Kubernetes have to be asked for, so they are added later (attachment/placing.py);
docs/placement.md shows each place by an example.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nuage_chain import yaml_text
from nuage_chain.attachment import files
from nuage_chain.attachment.keys import validate
from nuage_chain.cni.request import Request
from nuage_chain.errors import BadConfig
from nuage_chain.orchestrators import mesos

CONFIG_FILE = Path("/etc/nuage-chain/config.yaml")
ANNOTATIONS = "io.kubernetes.cri.pod-annotations"

# Keys of a conflist's entry that belong to CNI and not to us (specification, section 1).
_PROTOCOL_KEYS = frozenset({
    "args", "capabilities", "cniVersion", "cniVersions", "configFile", "disableCheck", "disableGC", "dns", "ipMasq",
    "ipam", "loadOnlyInlinedPlugins", "name", "prevResult", "runtimeConfig", "type",
})  # fmt: skip

# vsp-k8s.yaml and vsp-openshift.yaml. Its template calls the monitor's CA `nuageMonCA`, its code `nuageMonServerCA`;
# the later of two that mean the same wins here.
_VSP_YAML: Mapping[str, str] = {
    "enterpriseName": "enterprise", "domainName": "domain", "vsdUser": "user",
    "nuageMonRestServer": "kubemon.url", "nuageMonClientCert": "kubemon.certificate",
    "nuageMonClientKey": "kubemon.key", "nuageMonCA": "kubemon.ca", "nuageMonServerCA": "kubemon.ca",
    "kubeConfig": "kubernetes.kubeconfig", "masterApiServer": "kubernetes.server", "CACert": "kubernetes.ca",
    "clientCert": "kubernetes.certificate", "clientKey": "kubernetes.key",
}  # fmt: skip
# Where nuage-cni looks on OpenShift, whatever its file says.
_KUBECONFIG_BESIDE = "nuage.kubeconfig"

# nuage-cni's own files, so that a node can be moved over as it is (shared/contracts/kubemon.md 4.5).
PREDECESSOR: Mapping[Path, Mapping[str, str]] = {
    Path("/etc/default/nuage-cni.yaml"): {
        "vrsendpoint": "ovsdb", "vrsbridge": "bridge", "portresolvetimer": "timeout", "mtu": "mtu",
    },
    **{Path(folder, name, f"{name}.yaml"): _VSP_YAML
       for name in ("vsp-k8s", "vsp-openshift") for folder in ("/usr/share", "/var/usr/share")},
}  # fmt: skip

_QUOTES = "A value with characters that mean something to YAML, as a password may have, belongs into single quotes."

_LABELS = {
    "nuage.io/enterprise": "enterprise", "nuage.io/domain": "domain", "nuage.io/zone": "zone",
    "nuage.io/subnet": "subnet", "nuage.io/user": "user", "nuage.io/policy-group": "policyGroups",
    "nuage.io/redirection-target": "redirectionTargets", "nuage.io/static-ip": "staticIP",
}  # fmt: skip
# The names that nuage-cni reads on Mesos, where labels belong to one network only and need no prefix.
_MESOS_LABELS = _LABELS | {
    "enterprise": "enterprise", "domain": "domain", "zone": "zone", "network": "subnet", "user": "user",
    "policy_group": "policyGroups", "redirection_target": "redirectionTargets", "static_ip": "staticIP",
}  # fmt: skip
_SEVERAL = ("policyGroups", "redirectionTargets")
# The value of a Kubernetes label cannot hold a comma, so several groups are several labels.
_ONE_OF_SEVERAL = re.compile(r"(nuage\.io/(?:policy-group|redirection-target))\.[^/]+")
_ARGS = {
    "NUAGE_ENTERPRISE": "enterprise", "NUAGE_DOMAIN": "domain", "NUAGE_ZONE": "zone", "NUAGE_SUBNET": "subnet",
    "NUAGE_USER": "user", "NUAGE_POLICY_GROUPS": "policyGroups",
    "NUAGE_REDIRECTION_TARGETS": "redirectionTargets", "NUAGE_STATIC_IP": "staticIP", "IP": "staticIP",
}  # fmt: skip


@dataclass(frozen=True)
class Layer:
    """The validated values of one source, and how a person calls it. workload: they are the workload's own."""

    source: str
    values: Mapping[str, Any]
    workload: bool = False


def layers(request: Request, *, config_file: Path | None = None, strict: bool = True) -> list[Layer]:
    """Every source that says something about this call, lowest precedence first.

    config_file: the node's file, where the conflist does not name another with `configFile`.
    Raises BadConfig.
    """
    entry = request.config
    named = entry.get("configFile")
    if named is not None and not (isinstance(named, str) and Path(named).is_absolute()):
        raise BadConfig(f"{_entry_name(request)}: `configFile` has to be an absolute path.")
    if strict and entry.get("ipam"):
        raise BadConfig(
            f"{_entry_name(request)}: `ipam` belongs into the entry of the plugin that makes the interface."
        )
    path = Path(named) if named else config_file or CONFIG_FILE
    found = [_predecessor(p, renamed, strict=strict) for p, renamed in PREDECESSOR.items() if p.exists()]
    if named or config_file or path.exists():
        found.append(Layer(str(path), validate(_yaml(path), str(path), strict=strict)))
    found.append(Layer(_entry_name(request), validate(own_keys(entry), _entry_name(request), strict=strict)))
    for source, read in _WORKLOAD:
        values = {k: v for k, v in read(request).items() if v not in (None, "", [])}
        found.append(Layer(source, validate(values, source, strict=strict, workload=True), workload=True))
    return found


def of_labels(labels: Mapping[str, Any], source: str) -> Layer:
    """The labels of a workload as a layer; those that are not ours are left out. Raises BadConfig."""
    return Layer(source, validate(_from_labels(labels), source, workload=True), workload=True)


def below_workload(found: Sequence[Layer], layer: Layer) -> list[Layer]:
    """The layers with one more, which is below those of the workload itself and above all others."""
    node = [one for one in found if not one.workload]
    return [*node, layer, *found[len(node) :]]


def _entry_name(request: Request) -> str:
    return f"network {request.network!r}, entry {request.config.get('type') or 'nuage-chain'!r}"


def own_keys(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What of a conflist's entry is ours to understand; the rest belongs to CNI or to somebody else."""
    # A key with a slash is namespaced and somebody else's: libcni's cni.dev/valid-attachments, for one.
    return {k: v for k, v in entry.items() if k not in _PROTOCOL_KEYS and "/" not in k}


def _yaml(path: Path) -> Mapping[str, Any]:
    try:
        document = _parsed(files.read(path, str(path)))
    except yaml_text.NotYaml as e:
        raise BadConfig(f"{path} is not YAML{e}.", hint=_QUOTES) from None
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        raise BadConfig(f"{path} has to hold keys and values, such as `bridge: alubr0`.")
    return document


@functools.lru_cache(maxsize=16)
def _parsed(content: bytes) -> object:
    """PyYAML takes as long for a small file as all else that an agent does with the configuration."""
    return yaml_text.parse(content)


def _predecessor(path: Path, renamed: Mapping[str, str], *, strict: bool) -> Layer:
    values = {renamed[k]: v for k, v in _yaml(path).items() if k in renamed and v not in (None, "", 0)}
    if str(values.get("ovsdb", "")).startswith("/"):
        values["ovsdb"] = f"unix:{values['ovsdb']}"
    beside = path.parent / _KUBECONFIG_BESIDE
    if "kubemon.url" in values and "kubernetes.kubeconfig" not in values and beside.exists():
        values["kubernetes.kubeconfig"] = str(beside)
    return Layer(str(path), validate(values, str(path), strict=strict))


def _from_args_cni(request: Request) -> dict[str, Any]:
    cni = _object(_object(request.config.get("args")).get("cni"))
    labels = cni.get("labels")
    pairs = (
        {str(p.get("key")): p.get("value") for p in labels if isinstance(p, Mapping)}
        if isinstance(labels, list)
        else {}
    )
    return _from_labels(pairs) | {"staticIP": _joined(cni.get("ips"))} | dict(_object(cni.get("nuage")))


def _from_mesos(request: Request) -> dict[str, Any]:
    return _from_labels(mesos.labels(request.config), _MESOS_LABELS)


def _from_cni_args(request: Request) -> dict[str, Any]:
    return _renamed(request.args, _ARGS)


def _from_runtime_config(request: Request) -> dict[str, Any]:
    runtime = _object(request.config.get("runtimeConfig"))
    # Its keys come in Go's case from containerd and in lower case from podman (field notes).
    folded = {str(k).lower(): v for k, v in runtime.items()}
    return {"staticIP": _joined(folded.get("ips"))} | _from_labels(_object(folded.get(ANNOTATIONS)))


_WORKLOAD: tuple[tuple[str, Callable[[Request], dict[str, Any]]], ...] = (
    ("args.cni", _from_args_cni),
    ("labels of Mesos", _from_mesos),
    ("CNI_ARGS", _from_cni_args),
    ("runtimeConfig", _from_runtime_config),
)


def _from_labels(labels: Mapping[str, Any], names: Mapping[str, str] = _LABELS) -> dict[str, Any]:
    """Labels under our names; those that may be several are collected, in the order of their keys."""
    values: dict[str, Any] = {}
    for key in sorted(labels):
        value, one_of = labels[key], _ONE_OF_SEVERAL.fullmatch(key)
        name = names.get(one_of[1] if one_of else key)
        if name is None or value in (None, ""):
            continue
        if name in _SEVERAL:
            values.setdefault(name, []).extend(value.split(",") if isinstance(value, str) else [value])
        else:
            values[name] = value
    return values


def _renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names[k]: v for k, v in values.items() if k in names}


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _joined(value: object) -> object:
    """A list of texts as one text with commas; what is no such list is left for the validation to complain about."""
    fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return ",".join(value) if fits else value  # type: ignore[arg-type]
