"""Generated requests: wrong in some places, or in none; see hostile.py for what has to hold for the answer."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from nuage_chain.attachment.keys import KEYS
from nuage_chain.cni import versions
from nuage_chain.cni.request import VALID_ATTACHMENTS
from tests.integration.cni.hostile import CANARY, PLACEMENT, PREVIOUS, TEXTS, VALUES, Call, Config, given

_texts = st.text(max_size=20) | st.sampled_from(TEXTS)
_values = st.recursive(
    st.sampled_from(VALUES) | _texts | st.integers() | st.floats(allow_nan=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


def _cased(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from([name, name, name, name.upper(), name.lower(), name.capitalize()])


def _maybe(right: object, wrong: st.SearchStrategy[Any] = _values) -> st.SearchStrategy[Any]:
    """Mostly right, so that what comes after the first check is reached as well."""
    return st.integers(0, 9).flatmap(lambda n: st.just(right) if n < 8 else st.just(...) if n == 8 else wrong)


_address = st.sampled_from(["10.10.1.5/24", "2001:db8::5/64", "10.10.1.5", "", None]) | _values
_interface = st.fixed_dictionaries(
    {"name": _maybe("eth0"), "sandbox": _maybe("/nowhere/netns")},
    optional={"mac": _values, "mtu": _values, "Name": _values, "socketPath": _values},
).map(given)
_previous = st.fixed_dictionaries(
    {},
    optional={
        "cniVersion": _maybe("1.0.0"),
        "interfaces": st.lists(_interface | _values, max_size=3) | _values,
        "ips": st.lists(
            st.fixed_dictionaries({"address": _address}, optional={"interface": _values, "gateway": _address})
        ),
        "routes": st.lists(
            st.fixed_dictionaries({"dst": _address}, optional={"gw": _address, "mtu": _values}), max_size=3
        ),
        "dns": _values,
        "ROUTES": _values,
    },
).map(given)
_labels = st.lists(st.fixed_dictionaries({"key": _texts, "value": _values}) | _values, max_size=3)
_args = st.fixed_dictionaries(
    {},
    optional={
        "cni": st.fixed_dictionaries(
            {}, optional={"labels": _labels | _values, "ips": _values, "nuage": st.dictionaries(_texts, _values)}
        )
        | _values,
        "org.apache.mesos": st.fixed_dictionaries(
            {"network_info": st.fixed_dictionaries({"labels": _labels | _values})}
        )
        | _values,
    },
)
_annotations = st.dictionaries(
    st.sampled_from(["nuage.io/subnet", "nuage.io/zone", "nuage.io/policy-group", "nuage.io/static-ip"]) | _texts,
    _values,
    max_size=4,
)
_sections = sorted({name.split(".")[0] for name in KEYS if "." in name})
# A file that a configuration names is read, wherever it is: only such paths as have no meaning are made up here, and
# nothing that would be connected to.
_plain_keys = sorted(name for name in KEYS if "." not in name and name not in ("ovsdb", "bridge"))


@st.composite
def configurations(draw: st.DrawFn) -> Config:
    config: Config = {
        draw(_cased("cniVersion")): draw(_maybe("1.1.0", st.sampled_from([*versions.SUPPORTED, "0.2.0"]) | _values)),
        draw(_cased("name")): draw(_maybe("net")),
        draw(_cased("prevResult")): draw(st.just(PREVIOUS) | _previous | _maybe(PREVIOUS)),
        draw(_cased("args")): draw(_maybe({}, _args | _values)),
        draw(_cased("runtimeConfig")): draw(
            _maybe({}, st.fixed_dictionaries({"io.kubernetes.cri.pod-annotations": _annotations | _values}) | _values)
        ),
        draw(_cased(VALID_ATTACHMENTS)): draw(_maybe([], st.lists(_values, max_size=3))),
        **{name: draw(_maybe(value)) for name, value in PLACEMENT.items()},
        "activation": "metadata",
    }
    for key in draw(st.lists(st.sampled_from([*_plain_keys, *_sections, "configFile", "cniVersions"]), max_size=3)):
        config[key] = draw(st.sampled_from(VALUES) if key == "configFile" else _values)
    config |= draw(st.dictionaries(_texts, _values, max_size=1))
    return given(config)


@st.composite
def calls(draw: st.DrawFn) -> Call:
    """A call that is wrong in some places, or none; paths in it lead nowhere, or to this process's own namespace."""
    text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20) | st.sampled_from(
        ["", "..", "a/b", "\udcff", "x" * 20_000, f"$(touch {CANARY})", "a" * 16]
    )
    verb = draw(st.sampled_from(["ADD", "ADD", "ADD", "DEL", "DEL", "CHECK", "STATUS", "GC", "VERSION", "add"]))
    variables = {
        "CNI_COMMAND": verb,
        "CNI_CONTAINERID": draw(_maybe("c1", text)),
        "CNI_NETNS": draw(_maybe("/nowhere/netns", st.sampled_from(["", "/nowhere/\udcff", "/etc", "/dev/zero"]))),
        "CNI_IFNAME": draw(_maybe("eth0", text)),
        "CNI_PATH": draw(_maybe("/nowhere/bin", text)),
        "CNI_ARGS": draw(
            st.lists(
                st.builds("{}={}".format, st.sampled_from(["NUAGE_SUBNET", "IP", "K8S_POD_NAME", "X"]), text) | text,
                max_size=4,
            ).map(";".join)
        ),
        "CNI_NETNS_OVERRIDE": draw(st.sampled_from([..., "1", "no"])),
    }
    environ = {name: value for name, value in variables.items() if value is not ...}
    return Call(environ, _stdin(draw, draw(configurations())))


def _stdin(draw: st.DrawFn, config: Config) -> bytes:
    whole = json.dumps(config).encode()
    how = draw(st.sampled_from(["whole"] * 6 + ["cut", "changed", "other"]))
    if how == "cut":
        return whole[: draw(st.integers(0, len(whole)))]
    if how == "changed":
        at = draw(st.integers(0, len(whole)))
        return whole[:at] + draw(st.binary(max_size=5)) + whole[at + draw(st.integers(0, 3)) :]
    return draw(st.binary(max_size=100)) if how == "other" else whole
