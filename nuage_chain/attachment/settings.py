"""The settings of one call: every source laid over the one below it, and read as one object."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from nuage_chain.attachment import files
from nuage_chain.attachment.keys import KEYS
from nuage_chain.attachment.sources import Layer
from nuage_chain.errors import BadConfig
from nuage_chain.vsd.access import Access

SPLIT, METADATA = "split", "metadata"
_PLATFORMS = {"docker": 4, "lxc": 5}

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Placement:
    """Whose port it is: names in VSD, each given."""

    enterprise: str
    domain: str
    zone: str
    subnet: str
    user: str
    policy_groups: tuple[str, ...]
    redirection_targets: tuple[str, ...]
    static_ips: tuple[IPAddress, ...]


@dataclass(frozen=True)
class Settings:
    """Everything that is configured for one call. platform: the contract's number. timeout: seconds. mtu: bytes."""

    values: Mapping[str, Any]
    sources: tuple[str, ...]
    owner: str

    @property
    def activation(self) -> str:
        """`split` or `metadata`."""
        return self.values.get("activation") or (SPLIT if "vsd.url" in self.values else METADATA)

    @property
    def timeout(self) -> float:
        """Seconds that the call may take."""
        return float(self.values["timeout"])

    @property
    def platform(self) -> int:
        """The number of the platform, as VRS counts them (shared/contracts/vrs-ovsdb.md 3.1)."""
        return _PLATFORMS[self.values["platform"]]

    def text(self, name: str) -> str:
        """The value of a key that is a text, empty where it is not set."""
        return str(self.values.get(name) or "")

    def required(self, name: str, why: str) -> str:
        """The value of a key that cannot be done without. Raises BadConfig, which names the sources looked in."""
        if name not in self.values:
            raise BadConfig(
                f"`{name}` is not set: {why}.",
                hint=f"It is: {KEYS[name].meaning}. Looked in: {'; '.join(self.sources)}.",
            )
        return self.text(name)

    def placement(self) -> Placement:
        """Where the container is to be attached. Raises BadConfig for what is missing or no address."""
        why = "nuage-chain has to know where in VSD the container belongs"
        return Placement(
            enterprise=self.required("enterprise", why),
            domain=self.required("domain", why),
            zone=self.required("zone", why),
            subnet=self.required("subnet", why),
            user=self.text("user"),
            policy_groups=self.values["policyGroups"],
            redirection_targets=self.values["redirectionTargets"],
            static_ips=self._static_ips(),
        )

    def _static_ips(self) -> tuple[IPAddress, ...]:
        static = self.text("staticIP")
        try:
            found = tuple(ipaddress.ip_interface(part.strip()).ip for part in static.split(",")) if static else ()
        except ValueError as e:
            raise BadConfig(f"`staticIP` is {static!r}, which is no IP address.") from e
        if len({address.version for address in found}) < len(found):
            raise BadConfig(f"`staticIP` is {static!r}: a vPort has one address of each family.")
        return found

    def access(self) -> Access:
        """How to log in to VSD. Raises BadConfig for what is missing."""
        why = f"the activation is {self.activation}, which asks VSD over REST"
        path = {k: Path(self.text(f"vsd.{k}")) if self.text(f"vsd.{k}") else None for k in ("certificate", "key", "ca")}
        user = self.text("user")
        return Access(
            url=self.required("vsd.url", why),
            organization=self.text("vsd.organization"),
            user=self.required("vsd.user", why),
            password=None if path["certificate"] else self._password(why),
            verify=bool(self.values["vsd.verify"]),
            version=self.text("vsd.version"),
            proxy_user=f"{user}@{self.text('enterprise')}" if user else None,
            **path,
        )

    def _password(self, why: str) -> str:
        file = self.text("vsd.passwordFile")
        if not file:
            return self.required("vsd.password", why)
        what = f"`vsd.passwordFile`, {file},"
        try:
            lines = files.read(Path(file), what).decode().splitlines()
        except UnicodeDecodeError as e:
            raise BadConfig(f"{what} is not UTF-8.") from e
        if not lines or not lines[0].strip():
            raise BadConfig(f"`vsd.passwordFile`, {file}, is empty.")
        return lines[0].strip()


def merge(found: Sequence[Layer], hostname: str) -> Settings:
    """The layers, lowest precedence first, over the built-in defaults. hostname: the default of `owner`."""
    values = {key.name: key.default for key in KEYS.values() if key.default is not None}
    for layer in found:
        values.update(layer.values)
    return Settings(values, tuple(layer.source for layer in found), values.get("owner") or hostname)
