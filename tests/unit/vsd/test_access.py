from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from nuage_chain.deadline import Deadline
from nuage_chain.errors import BadConfig, VsdLoginRefused, VsdNotVerified, VsdUnreachable
from nuage_chain.vsd.session import Access, Session

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.vsd.conftest import Certificates, ScriptedVsd


def logged_in(access: Access, vsd: ScriptedVsd) -> None:
    vsd.on("GET", "zones", vsd.page([{"ID": "1"}], 1))
    session = Session(access)
    try:
        assert session.get("zones", Deadline(5)) == [{"ID": "1"}]
    finally:
        session.close()


def test_the_password_is_not_shown() -> None:
    shown = repr(Access("https://vsd:8443", "csp", "csproot", password="s3cret-pass"))
    assert "csproot" in shown
    assert "s3cret-pass" not in shown


@pytest.mark.parametrize(
    "url",
    [
        "",
        "vsd:8443",
        "ftp://vsd",
        "https://",
        "https://vsd:8443/nuage/api/v6",
        "https://vsd/?a=b",
        "https://u:s3cret@vsd",
        "https://[",
        "https://u:s3cret@[::1",
        "https://vsd:port",
        "https://vsd:99999",
        "https://\u2100.example",
    ],
)
def test_a_url_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(BadConfig, match=r"vsd\.url") as caught:
        Session(Access(url, "csp", "csproot", password="p"))
    assert "s3cret" not in caught.value.message


@pytest.mark.parametrize("version", ["6", "v6.0", "v5_0/..", ""])
def test_a_version_that_does_not_exist_is_refused(version: str) -> None:
    with pytest.raises(BadConfig, match=r"vsd\.version"):
        Session(Access("https://vsd:8443", "csp", "csproot", password="p", version=version))


def test_an_account_without_password_and_certificate_is_refused() -> None:
    with pytest.raises(BadConfig, match="csproot"):
        Session(Access("https://vsd:8443", "csp", "csproot"))


@pytest.mark.parametrize(("name", "key"), [("ca", "vsd.ca"), ("certificate", "vsd.certificate")])
@pytest.mark.parametrize("content", [None, "no PEM"], ids=["missing", "garbage"])
def test_a_file_that_cannot_be_used_is_named_with_its_key(
    tmp_path: Path, name: str, key: str, content: str | None
) -> None:
    file = tmp_path / "file.pem"
    if content is not None:
        file.write_text(content)
    kwargs: dict[str, Path] = {name: file}
    with pytest.raises(BadConfig, match=key) as caught:
        Session(Access("https://vsd:8443", "csp", "csproot", password="p", **kwargs))  # type: ignore[arg-type]
    assert str(file) in caught.value.message


@pytest.mark.parametrize(("name", "key"), [("ca", "vsd.ca"), ("certificate", "vsd.certificate")])
def test_a_fifo_in_place_of_a_file_is_not_waited_for(tmp_path: Path, name: str, key: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    kwargs: dict[str, Path] = {name: tmp_path / "fifo"}
    with pytest.raises(BadConfig, match=f"{key}.*not a regular file"):
        Session(Access("https://vsd:8443", "csp", "csproot", password="p", **kwargs))  # type: ignore[arg-type]


def test_the_configured_authority_verifies_vsd(certificates: Certificates, tls_vsd: ScriptedVsd) -> None:
    logged_in(Access(tls_vsd.url, "csp", "csproot", password="p", ca=certificates.ca), tls_vsd)


@pytest.mark.parametrize("ca", ["other_ca", None], ids=["another authority", "the system's store"])
def test_a_certificate_of_an_unknown_authority_is_not_accepted(
    certificates: Certificates, tls_vsd: ScriptedVsd, ca: str | None
) -> None:
    access = Access(tls_vsd.url, "csp", "csproot", password="p", ca=None if ca is None else getattr(certificates, ca))
    with pytest.raises(VsdNotVerified) as caught:
        logged_in(access, tls_vsd)
    assert tls_vsd.url in caught.value.message
    assert "vsd.ca" in caught.value.hint
    assert tls_vsd.asked == []


def test_a_certificate_for_another_name_is_not_accepted(certificates: Certificates, misnamed_vsd: ScriptedVsd) -> None:
    with pytest.raises(VsdNotVerified, match=r"127\.0\.0\.2"):
        logged_in(Access(misnamed_vsd.url, "csp", "csproot", password="p", ca=certificates.ca), misnamed_vsd)
    assert misnamed_vsd.asked == []


def test_a_name_that_nobody_has_is_unreachable(certificates: Certificates, tls_vsd: ScriptedVsd) -> None:
    url = tls_vsd.url.replace("127.0.0.1", "127.0.0.1.nip.invalid")
    with pytest.raises(VsdUnreachable, match="cannot be reached"):
        logged_in(Access(url, "csp", "csproot", password="p", ca=certificates.ca), tls_vsd)


def test_verification_that_is_switched_off_makes_no_noise(
    tls_vsd: ScriptedVsd, recwarn: pytest.WarningsRecorder, capfd: pytest.CaptureFixture[str]
) -> None:
    logged_in(Access(tls_vsd.url, "csp", "csproot", password="p", verify=False), tls_vsd)
    assert list(recwarn) == []
    assert capfd.readouterr().err == ""


def test_neither_proxies_nor_credentials_are_taken_from_the_environment(
    certificates: Certificates, tls_vsd: ScriptedVsd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.other_ca))
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login mallory password m\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    logged_in(Access(tls_vsd.url, "csp", "csproot", password="p", ca=certificates.ca), tls_vsd)
    assert all("bWFsbG9yeT" not in asked.headers["Authorization"] for asked in tls_vsd.asked)


def test_a_client_certificate_needs_no_login(certificates: Certificates, certificate_vsd: ScriptedVsd) -> None:
    access = Access(certificate_vsd.url, "csp", "csproot", certificate=certificates.client, ca=certificates.ca)
    logged_in(access, certificate_vsd)
    assert [asked.path for asked in certificate_vsd.asked] == ["zones"]
    assert certificate_vsd.asked[0].headers["Authorization"] == "XREST Y3Nwcm9vdDo="


@pytest.mark.parametrize("client", ["other_client", None], ids=["of another authority", "none"])
def test_a_client_certificate_that_vsd_does_not_accept_is_an_error(
    certificates: Certificates, certificate_vsd: ScriptedVsd, client: str | None
) -> None:
    certificate = None if client is None else getattr(certificates, client)
    access = Access(certificate_vsd.url, "csp", "csproot", password="p", certificate=certificate, ca=certificates.ca)
    with pytest.raises((VsdLoginRefused, VsdUnreachable)):
        logged_in(access, certificate_vsd)
    assert certificate_vsd.asked == []


def test_a_certificate_whose_user_vsd_does_not_know_is_refused_without_a_retry(
    certificates: Certificates, certificate_vsd: ScriptedVsd
) -> None:
    certificate_vsd.on("GET", "zones", certificate_vsd.reply(401))
    session = Session(Access(certificate_vsd.url, "csp", "bob", certificate=certificates.client, ca=certificates.ca))
    with pytest.raises(VsdLoginRefused, match="bob"):
        session.get("zones", Deadline(5))
    session.close()
    assert len(certificate_vsd.asked) == 1


def test_a_server_that_speaks_no_tls_is_unreachable(certificates: Certificates, vsd: ScriptedVsd) -> None:
    access = Access(vsd.url.replace("http:", "https:"), "csp", "csproot", password="p", ca=certificates.ca)
    with pytest.raises(VsdUnreachable):
        logged_in(access, vsd)
