"""Requests that nobody should send: a table made by hand, and what has to hold for every answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nuage_chain.cni import versions
from nuage_chain.cni.request import VALID_ATTACHMENTS

Config = dict[str, Any]

ENVIRONMENT = {
    "CNI_COMMAND": "ADD",
    "CNI_CONTAINERID": "c1",
    "CNI_NETNS": "/nowhere/netns",
    "CNI_IFNAME": "eth0",
    "CNI_PATH": "/nowhere/bin",
}
PREVIOUS = {
    "cniVersion": "1.0.0",
    "interfaces": [{"name": "veth1"}, {"name": "eth0", "mac": "aa:bb:cc:dd:ee:ff", "sandbox": "/nowhere/netns"}],
}
PLACEMENT = {"enterprise": "Acme", "domain": "Shop", "zone": "front", "subnet": "web"}
CONFIG: Config = {"cniVersion": "1.1.0", "name": "net", "type": "nuage-chain", **PLACEMENT, "prevResult": PREVIOUS}

# Whoever follows a path that somebody else wrote, or hands a text to a shell, leaves a trace of one of these.
CANARY = "canary"
TEXTS = (
    "", " ", "\0", "a\0b", "\n", "\r\n", "\x1b[2J", "..", ".", "/", "../" * 8 + f"tmp/{CANARY}", f"../{CANARY}",
    f"/../../{CANARY}", f"$(touch {CANARY})", f"`touch {CANARY}`", f"; touch {CANARY} #", f"| touch {CANARY}",
    f"\n touch {CANARY}\n", "${IFS}", "%s%n%x", "{0.__class__}", "'", '"', "\\", "<script>", "é" * 20, "\u202e",
    "\ufeff", "\ud800", "\udfff\ud800", "\U0001f600", "\uffff", "x" * 300, "x" * 70_000, "-", "--help", "-rf", "*",
    "null", "true", "0", "1e999", "NaN", "0x10", "::", "::1/128", "127.0.0.1", "10.10.1.5", "10.10.1.5/24",
    "999.1.1.1", "ff02::1", 'x" or name == "web', "web,db", ",", ",,", "a=b;c=d",
)  # fmt: skip
PATHS = (
    "", "relative", "/", "/dev/null", "/dev/zero", "/dev/full", "/proc/self/mem", "/proc/self/environ", "/nowhere/x",
    "/\0", "/nowhere/\ud800", "/" + "x" * 5000, "/" * 5000, "/../../../etc/shadow", "/proc/self/fd/0",
    "/proc/self/ns/net",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1.5, 10**30, -(10**308), 1e308, [], {}, [None], [[]], [{}], {"": None},
    {"a": {"b": []}}, [1, "a", None], *TEXTS,
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One call of the plugin."""

    environ: Mapping[str, str]
    stdin: bytes

    @property
    def verb(self) -> str:
        return self.environ.get("CNI_COMMAND", "")


@dataclass
class Answer:
    """What came of it. reported: exceptions that were no errors of ours, in process; stderr: of the executable."""

    status: int
    stdout: str
    stderr: str = ""
    reported: list[BaseException] = field(default_factory=list)


def made(environ: Mapping[str, str] | None = None, /, **changes: Any) -> Call:
    """A right call but for the changes; a change to `...` takes the key away."""
    return raw(json.dumps(given(CONFIG | changes)).encode(), environ)


def raw(stdin: bytes | Config, environ: Mapping[str, str] | None = None) -> Call:
    """A right call but for what comes on standard input."""
    return Call({**ENVIRONMENT, **(environ or {})}, stdin if isinstance(stdin, bytes) else json.dumps(stdin).encode())


def given(config: Config) -> Config:
    """The configuration without the keys that are `...`: those are not there at all."""
    return {key: value for key, value in config.items() if value is not ...}


def hold(call: Call, answer: Answer) -> None:
    """What has to be true whatever the call was."""
    said = f"{call.environ} {call.stdin[:2000]!r} -> {answer.status} {answer.stdout[:2000]} {answer.stderr[:2000]}"
    assert answer.status in (0, 1), said
    assert not answer.reported, answer.reported
    # A DEL tells on standard error what it could not reach, and nobody else anything.
    told = all(line.startswith("nuage-chain: ") for line in answer.stderr.splitlines())
    assert answer.stderr == "" or not call.verb or (call.verb == "DEL" and told), said
    assert "Traceback" not in answer.stdout, said
    if answer.status == 1:
        _hold_error(json.loads(answer.stdout), said)
    elif call.verb == "VERSION":
        assert json.loads(answer.stdout)["supportedVersions"] == list(versions.SUPPORTED), said
    else:
        # Nothing of this corpus is a right ADD or CHECK: what is told to have worked has to be DEL, GC or STATUS.
        assert (call.verb in ("DEL", "GC", "STATUS", ""), answer.stdout) == (True, ""), said


def _hold_error(document: object, said: str) -> None:
    assert isinstance(document, dict), said
    assert document["cniVersion"] in versions.SUPPORTED, said
    assert type(document["code"]) is int, said
    assert document["code"] > 0, said
    assert document["code"] != 199, f"a fault of ours, to which no input may lead: {said}"
    assert isinstance(document["msg"], str), said
    assert document["msg"], said
    assert len(document["msg"]) < 5000, said


def _deep(levels: int) -> Config:
    value: Config = {}
    for _ in range(levels):
        value = {"a": [value]}
    return value


_TIMES: tuple[object, ...] = (0, -1, 1e308, 10**30, True, "1", None, [], 601)

TABLE: dict[str, Call] = {
    "no command": made({"CNI_COMMAND": ""}),
    "a command in lower case": made({"CNI_COMMAND": "add"}),
    "a command with a line feed": made({"CNI_COMMAND": "ADD\n"}),
    "a command that is no UTF-8": made({"CNI_COMMAND": "\udcff"}),
    "a command of a megabyte": made({"CNI_COMMAND": "A" * 100_000}),
    "nothing but a command": Call({"CNI_COMMAND": "ADD"}, b""),
    "a container ID that leads out": made({"CNI_CONTAINERID": f"../../{CANARY}"}),
    "a container ID for a shell": made({"CNI_CONTAINERID": f"$(touch {CANARY})"}),
    "a container ID of 100 kB": made({"CNI_CONTAINERID": "a" * 100_000}),
    "DEL of a container ID of 100 kB": made({"CNI_COMMAND": "DEL", "CNI_CONTAINERID": "a" * 100_000}),
    "an interface that leads out": made({"CNI_IFNAME": "../lo"}),
    "an interface that is no UTF-8": made({"CNI_IFNAME": "\udcff\udcfe"}),
    "DEL of an interface that is no UTF-8": made({"CNI_COMMAND": "DEL", "CNI_IFNAME": "\udcff"}),
    "an interface of control characters": made({"CNI_IFNAME": "\x01\x02"}),
    "a namespace that is no UTF-8": made({"CNI_NETNS": "/run/\udcff"}),
    "a namespace that is a folder": made({"CNI_NETNS": "/"}),
    "a namespace that is a device": made({"CNI_NETNS": "/dev/zero"}),
    "a namespace that is an ordinary file": made({"CNI_NETNS": "/etc/hostname"}),
    "a namespace of another kind": made({"CNI_NETNS": "/proc/self/ns/uts"}),
    "a namespace of 100 kB": made({"CNI_NETNS": "/" + "n" * 100_000}),
    "a namespace that is relative": made({"CNI_NETNS": "netns"}),
    "our own namespace": made({"CNI_NETNS": "/proc/self/ns/net"}),
    "DEL in our own namespace": made({"CNI_COMMAND": "DEL", "CNI_NETNS": "/proc/thread-self/ns/net"}),
    "arguments for a shell": made({"CNI_ARGS": f"K8S_POD_NAME=$(touch {CANARY});X=`touch {CANARY}`"}),
    "arguments that are no UTF-8": made({"CNI_ARGS": "K8S_POD_NAME=\udcff;\udcfe=1;NUAGE_SUBNET=\udcfd"}),
    "arguments of 100 kB": made({"CNI_ARGS": ";".join(f"K{n}=v" for n in range(12_000))}),
    "arguments with the keys of a node": made({"CNI_ARGS": "vsd.url=http://x;VSD_URL=http://x;configFile=/etc/shadow"}),
    "an address that is none": made({"CNI_ARGS": "IP=999.1.1.1"}),
    "an empty object": raw({}),
    "only a name": raw({"name": "net"}),
    "null everywhere": raw(dict.fromkeys(CONFIG)),
    "null but for the name": raw({**dict.fromkeys(CONFIG), "name": "net", "cniVersion": "1.0.0"}),
    "a name that leads out": made(name=f"../../{CANARY}"),
    "a name in two cases": made(NAME="../x"),
    "a version that is none": made(cniVersion="one"),
    "a version of a megabyte": made(cniVersion="1" * 1_000_000),
    "a version of 1e30 parts": made(cniVersion="1." * 1000),
    "no prevResult": made(prevResult=...),
    "a prevResult that is a text": made(prevResult="{}"),
    "a prevResult of an old version": made(prevResult={"cniVersion": "0.2.0", "ip4": {"ip": "10.0.0.5/24"}}),
    "a prevResult with null in it": made(prevResult={"interfaces": [None], "ips": [None]}),
    "a prevResult with an index far out": made(
        prevResult={**PREVIOUS, "ips": [{"address": "10.0.0.5/24", "interface": 10**9}]}
    ),
    "a prevResult with a hundred thousand interfaces": made(
        prevResult={"interfaces": [{"name": f"e{n}", "sandbox": "/x"} for n in range(100_000)]}
    ),
    "args that are a list": made(args=[]),
    "args.cni that is a text": made(args={"cni": "x"}),
    "labels that are no labels": made(args={"cni": {"labels": [1, None, {"key": None}, {"key": [], "value": {}}]}}),
    "Mesos that is not Mesos": made(args={"org.apache.mesos": {"network_info": {"labels": {"labels": 5}}}}),
    "a configuration file by args.cni": made(args={"cni": {"nuage": {"configFile": "/etc/shadow"}}}),
    "VSD by args.cni": made(args={"cni": {"nuage": {"vsd": {"url": "https://127.0.0.1:9", "verify": False}}}}),
    "annotations that are a list": made(runtimeConfig={"io.kubernetes.cri.pod-annotations": []}),
    "annotations of every type": made(
        runtimeConfig={"io.kubernetes.cri.pod-annotations": {"nuage.io/subnet": {}, "nuage.io/zone": 1}}
    ),
    "addresses of every type": made(runtimeConfig={"ips": [{}, None, 5]}),
    "a megabyte of annotations": made(
        runtimeConfig={"io.kubernetes.cri.pod-annotations": {f"k{n}": "v" * 1000 for n in range(1000)}}
    ),
    "an unknown key of a megabyte": made(**{"k" * 1_000_000: True}),
    "a value of a megabyte": made(subnet="s" * 1_000_000),
    "ten thousand unknown keys": made(**{f"k{n}": n for n in range(10_000)}),
    "nested 90 levels": made(subnet=_deep(40)),
    "nested 10,000 levels": raw(b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    "valid attachments that are none": made({"CNI_COMMAND": "GC"}, **{VALID_ATTACHMENTS: [{"containerID": {}}]}),
    "valid attachments of null": made({"CNI_COMMAND": "GC"}, **{VALID_ATTACHMENTS: [None]}),
    "valid attachments that are a text": made({"CNI_COMMAND": "GC"}, **{VALID_ATTACHMENTS: "all"}),
    "not even bytes of text": raw(b"\x80\x81\xfe\xff" * 100),
    "zeros": raw(b"\0" * 1000),
    "16 MB of blanks": raw(b" " * (16 << 20)),
    "17 MB of anything": raw(b"[" * (17 << 20)),
    **{f"configFile {path[:30]!r}": made(configFile=path) for path in PATHS},
    **{
        f"vsd.{key} {path[:30]!r}": made(vsd={"url": "https://127.0.0.1:9", "user": "u", "password": "p", key: path})
        for key in ("ca", "certificate", "passwordFile")
        for path in PATHS
        if path
    },
    **{
        f"vsd.url {url!r}": made({"CNI_COMMAND": verb}, vsd={"url": url, "user": "u", "password": "p"}, timeout=2)
        for verb in ("ADD", "STATUS")
        for url in (
            "x", "https://", "https://[", "https://[::1", "https://x:y", "https://127.0.0.1:99999", "file:///etc/shadow",
            "https://u:p@127.0.0.1:9", "https://127.0.0.1:9/x", "https://127.0.0.1:9\r\nX: y", "https://\u2100.example",
            "http://127.0.0.1:9", "https://-x:9", "https://" + "x" * 300 + ":9", "https://xn--/",
        )
    },
    **{
        f"ovsdb {remote[:30]!r}": made({"CNI_COMMAND": "DEL"}, ovsdb=remote, timeout=2)
        for remote in (
            "x", "unix:", "unix:/dev/zero", "unix:/" + "x" * 300, "unix:\ud800", "tcp:", "tcp:x", "tcp:[::1",
            "tcp:127.0.0.1:99999999", "tcp:127.0.0.1:1", "ssl:127.0.0.1:1", f"punix:/tmp/{CANARY}", "ptcp:0", "fd:1",
            "unix:é",
        )
    },
    **{f"timeout {value!r}": made(timeout=value) for value in _TIMES},
    **{
        f"{verb} in version {version}": made({"CNI_COMMAND": verb}, cniVersion=version)
        for verb in ("ADD", "DEL", "CHECK", "STATUS", "GC", "VERSION")
        for version in ("", "0.1.0", "0.2.0", "0.3.0", "0.4.0", "1.0.0", "9.9.9", "x")
    },
}  # fmt: skip
