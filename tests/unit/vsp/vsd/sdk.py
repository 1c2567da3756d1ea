"""The vendor's SDK, as it comes, against a server of a test."""

from __future__ import annotations

import importlib
from typing import Any

PASSWORD = "first-password"


class Sdk:
    """One version of vspk and a session of it."""

    def __init__(self, version: str, url: str, password: str | None = PASSWORD, **login: Any) -> None:
        self.vspk = importlib.import_module(f"vspk.{version}")
        self.session = self.vspk.NUVSDSession(
            username="csproot", password=password, enterprise="csp", api_url=url, **login
        )

    def start(self) -> Any:
        self.session.start()
        return self.session.user


def build(sdk: Sdk, user: Any) -> dict[str, Any]:
    """Everything that a container needs, by the SDK's own calls."""
    vspk = sdk.vspk
    enterprise = vspk.NUEnterprise(name="Acme")
    user.create_child(enterprise)
    template = vspk.NUDomainTemplate(name="T")
    enterprise.create_child(template)
    domain = vspk.NUDomain(name="Shop")
    enterprise.instantiate_child(domain, template)
    zone = vspk.NUZone(name="front")
    domain.create_child(zone)
    subnet = vspk.NUSubnet(name="web", address="10.10.1.0", netmask="255.255.255.0", gateway="10.10.1.1")
    zone.create_child(subnet)
    return {"enterprise": enterprise, "domain": domain, "zone": zone, "subnet": subnet}
