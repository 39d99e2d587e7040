"""Alerts by e-mail, received by a real mail server."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import anyio
import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from pydantic import ValidationError

from mcpstore.errors import PluginError
from mcpstore.models.alert import Alert, AlertKind, AlertLevel
from mcpstore_plugins.email import EmailSettings
from mcpstore_plugins.email.message import write
from mcpstore_plugins.email.smtp import send

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning"),
    pytest.mark.filterwarnings("ignore:Session.login_data is deprecated:DeprecationWarning"),
]

SETTINGS: dict[str, Any] = {"to": "ops@example.org", "sender": "MCPStore <store@example.org>"}


def alert(**fields: Any) -> Alert:
    given: dict[str, Any] = {
        "rule_name": "service_down", "service": "files", "level": AlertLevel.ERROR, "kind": AlertKind.FIRED,
        "message": "files is down", "timestamp": 1_790_000_000.0, "incident": "i1",
    }  # fmt: skip
    return Alert(**{**given, **fields})


class Mailbox:
    """Mails that a mail server received."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.port = 0
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - name of the interface
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address.startswith("unknown"):
            return "550 no such recipient"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"hunter2", handled=False)


@asynccontextmanager
async def serving(*, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncGenerator[Mailbox]:
    """Run a mail server on a free port of this machine."""
    import asyncio

    box = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, loop=loop, **options), "127.0.0.1", 0, ssl=tls)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "1",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, cert


def served_by(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    return context


async def refusal(**settings: Any) -> str:
    with pytest.raises(PluginError) as raised:
        await send(alert(), EmailSettings(**SETTINGS, **settings))
    return str(raised.value)


async def test_an_alert_arrives_with_all_its_details():
    figures = {"connection_state": "reconnecting", "availability": 99.25, "error_rate": 0.5, "last_error": "exited"}
    async with serving() as box:
        settings = EmailSettings(**SETTINGS, host="127.0.0.1", port=box.port, security="none")
        await send(alert(metrics=figures), settings)
    (mail,) = box.mails
    assert mail["Subject"] == "[MCPStore] ERROR files is down"
    assert mail["To"] == "ops@example.org"
    text = mail.get_body(("plain",)).get_content()
    for expected in ("files is down", "service_down", "reconnecting", "99.2 %", "50.0%", "exited"):
        assert expected in text
    assert "files is down" in mail.get_body(("html",)).get_content()


async def test_a_repeated_delivery_has_the_same_message_id_and_its_resolution_is_a_reply():
    settings = EmailSettings(**SETTINGS)
    begun, again = write(alert(), settings), write(alert(), settings)
    over = write(alert(kind=AlertKind.RESOLVED, message="files is back"), settings)
    other = write(alert(incident="i2"), settings)
    assert begun["Message-ID"] == again["Message-ID"]
    assert begun["Message-ID"].endswith("@example.org>")
    assert len({mail["Message-ID"] for mail in (begun, over, other)}) == 3
    assert over["In-Reply-To"] == over["References"] == begun["Message-ID"]
    assert begun["In-Reply-To"] is None
    assert over["Subject"] == "[MCPStore] RESOLVED files is back"
    reminders = [write(alert(kind=AlertKind.REMINDED, number=number), settings) for number in (1, 2)]
    assert len({begun["Message-ID"], *(mail["Message-ID"] for mail in reminders)}) == 3
    assert {mail["References"] for mail in reminders} == {begun["Message-ID"]}


def test_alerts_grouped_into_one_notification_are_all_in_the_mail():
    several = [alert(service=f"s{number}", message=f"s{number} is down", incident=str(number)) for number in range(7)]
    mail = write(
        alert(service="", message="7 services are in trouble", alerts=tuple(several)), EmailSettings(**SETTINGS)
    )
    assert mail["Subject"] == "[MCPStore] ERROR 7 services are in trouble"
    for kind in ("plain", "html"):
        text = mail.get_body((kind,)).get_content()
        assert all(f"s{number} is down" in text for number in range(7))


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\x0b", "\u2028"])
async def test_no_name_or_message_can_inject_a_header(ending):
    nasty = f"files{ending}Bcc: all@example.org{ending}{ending}<script>alert(1)</script>\x1b[2J"
    async with serving() as box:
        settings = EmailSettings(**SETTINGS, host="127.0.0.1", port=box.port, security="none")
        await send(alert(service=nasty, message=f"{nasty} is down", rule_name=nasty), settings)
    (mail,) = box.mails
    assert mail["Bcc"] is None
    assert set(mail.keys()) <= {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip
    for kind in ("plain", "html"):
        assert "\x1b" not in mail.get_body((kind,)).get_content()
    assert "<script>" not in mail.get_body(("html",)).get_content()


async def test_a_mail_is_sent_encrypted_and_with_a_login(certificate):
    context = served_by(certificate)
    login = {"username": "me", "password": "hunter2", "ca_file": str(certificate[1])}
    for options, security in (
        ({"tls_context": context, "require_starttls": True}, "starttls"),
        ({"tls": context}, "tls"),
    ):
        box = Mailbox()
        async with serving(**options, authenticator=box.authenticate, auth_required=security == "starttls") as taken:
            settings = EmailSettings(**SETTINGS, **login, host="127.0.0.1", port=taken.port, security=security)
            if security == "tls":
                settings = settings.model_copy(update={"username": None, "password": None})
            await send(alert(), settings)
        assert len(taken.mails) == 1
        assert box.logins == ([(b"me", b"hunter2")] if security == "starttls" else [])


async def test_a_server_with_an_untrusted_certificate_receives_nothing(certificate):
    async with serving(tls=served_by(certificate)) as box:
        assert "certificate verify failed" in await refusal(host="127.0.0.1", port=box.port, security="tls")
    assert box.mails == []


async def test_a_server_without_encryption_receives_nothing():
    async with serving() as box:
        assert "STARTTLS" in await refusal(host="127.0.0.1", port=box.port)
    assert box.mails == []


async def test_a_wrong_password_is_reported_without_the_password(certificate):
    box = Mailbox()
    options = {"tls_context": served_by(certificate), "authenticator": box.authenticate}
    async with serving(**options) as taken:
        message = await refusal(
            host="127.0.0.1", port=taken.port, username="me", password="letmein", ca_file=str(certificate[1])
        )
    assert "rejected username and password (got 535)" in message
    assert "letmein" not in message


async def test_a_refused_recipient_is_named():
    async with serving() as box:
        server = {"host": "127.0.0.1", "port": box.port, "security": "none", "sender": SETTINGS["sender"]}
        for to in (["unknown@example.org"], ["ops@example.org", "unknown@example.org"]):
            with pytest.raises(PluginError, match="unknown@example.org: no such recipient"):
                await send(alert(), EmailSettings(**server, to=to))


async def test_an_unreachable_or_silent_server_ends_in_a_timeout(free_tcp_port):
    assert f"127.0.0.1:{free_tcp_port}" in await refusal(host="127.0.0.1", port=free_tcp_port, security="none")
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with listener:
        with anyio.fail_after(30):
            message = await refusal(host="127.0.0.1", port=port, security="none", timeout=0.2)
    assert "imed out" in message


async def test_a_missing_certificate_file_is_named():
    assert "ca_file '/no/such.pem' does not exist" in await refusal(ca_file="/no/such.pem")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"to": []}, "to"),
        ({"to": "unknown"}, "must be an e-mail address"),
        ({"to": "a@b\nBcc: c@d"}, "must be an e-mail address"),
        ({"sender": "@"}, "must be an e-mail address"),
        ({"username": "me"}, "username and password belong together"),
        ({"username": "me", "password": "x", "security": "none", "host": "mail.example.org"}, "in plain text"),
        ({"hots": "x"}, "hots"),
        ({"port": 70000}, "port"),
    ],
)
def test_invalid_settings_are_named(settings, message):
    with pytest.raises(ValidationError) as raised:
        EmailSettings(**{**SETTINGS, **settings})
    assert message in str(raised.value)


def test_the_default_port_depends_on_the_encryption():
    ports = [EmailSettings(**SETTINGS, security=kind).server_port for kind in ("starttls", "tls", "none")]
    assert ports == [587, 465, 25]
    assert EmailSettings(**SETTINGS, port=2525).server_port == 2525
