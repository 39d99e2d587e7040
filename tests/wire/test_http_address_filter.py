"""A connection uses only addresses that the entry allows, for any spelling of the URL and any answer."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import webbrowser
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import anyio
import httpcore2
import pytest
from pydantic import ValidationError

from mcpstore.errors import ConnectError, ConnectionLost, ConnectRefused, ConnectTimeout, NotReady
from mcpstore.wire.http import address_filter
from mcpstore.wire.http.sse import sse
from wire.http_world import Fake, Request, a_peer, answer, make_server, modern, reply, serving

from .opening import BOTH, opened, refused
from .url_spellings import SPELLINGS

NAMES = {
    "flips.example": ["127.0.0.1"],
    "mixed.example": ["93.184.216.34", "127.0.0.1"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "metadata.example": ["169.254.169.254"],
}


class Canary:
    """A port on this machine that no connection may reach."""

    def __init__(self) -> None:
        self.visits = 0
        self.port = 0

    async def __aenter__(self) -> Self:
        self._servers = [await self._at("127.0.0.1", 0)]
        self.port = self._servers[0].extra(anyio.abc.SocketAttribute.local_port)
        for host in ("127.0.0.2", "127.255.255.254", "::1"):
            with contextlib.suppress(OSError):  # not every machine has IPv6
                self._servers.append(await self._at(host, self.port))
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        for server in self._servers:
            self._group.start_soon(server.serve, self._serve)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._group.cancel_scope.cancel()
        await self._group.__aexit__(None, None, None)
        for server in self._servers:
            await server.aclose()

    async def _at(self, host: str, port: int) -> Any:
        return await anyio.create_tcp_listener(local_host=host, local_port=port)

    async def _serve(self, stream: Any) -> None:
        self.visits += 1
        await stream.aclose()


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    async with Canary() as canary:
        yield canary


@pytest.fixture
def attempts(monkeypatch) -> list[str]:
    """Hosts of attempted connections; attempts to leave this machine fail at once."""
    attempted: list[str] = []
    really = httpcore2.AnyIOBackend.connect_tcp

    async def connect_tcp(self: Any, host: str, *args: Any, **options: Any) -> Any:
        attempted.append(host)
        if not host.startswith(("127.", "::1", "::ffff:127.")):
            raise httpcore2.ConnectError("nothing leaves this machine")
        return await really(self, host, *args, **options)

    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect_tcp)
    return attempted


@pytest.fixture
def names(monkeypatch) -> dict[str, list[str]]:
    """Addresses of fake names; other names are resolved by the system."""
    known = dict(NAMES)
    really = address_filter.resolve

    async def resolve(host: str, port: int) -> list[str]:
        if host in known:
            return known[host]
        if host.endswith((".example", ".org")):
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return await really(host, port)

    monkeypatch.setattr(address_filter, "resolve", resolve)
    return known


async def outcome(url: str, addresses: Any, **settings: Any) -> str:
    try:
        with anyio.fail_after(10):
            async with opened(url, peer=a_peer(connect_timeout=2.0), addresses=addresses, **settings):
                return "opened"
    except ValidationError:
        return "no address"
    except ConnectError as error:
        return f"{type(error).__name__}: {error}"


async def test_no_spelling_of_a_url_reaches_this_machine(canary, attempts, names):
    everything = ["0.0.0.0/0", "::/0"]
    outcomes: dict[str, str] = {}
    leading_here = 0
    for spelling in SPELLINGS:
        url = spelling.replace("PORT", str(canary.port)).replace("\\\\", "\\")
        outcomes[url] = await outcome(url, "public")
        assert canary.visits == 0, url
        assert not [host for host in attempts if not host.startswith(("8.", "93."))], url
        await outcome(url, everything)
        leading_here += canary.visits > 0
        canary.visits = 0
        attempts.clear()
    assert len(outcomes) >= 80
    assert leading_here >= 40  # so the spellings are dangerous without the filter
    assert "opened" not in outcomes.values()
    assert sum("ConnectRefused" in one_outcome for one_outcome in outcomes.values()) >= 40


@BOTH
async def test_a_forbidden_address_is_reported_with_a_remedy(canary, transport):
    error = await refused(f"http://localhost:{canary.port}/mcp?key=hunter2hunter2", transport, addresses="public")
    assert type(error) is ConnectRefused  # a retry would not help
    assert f"localhost:{canary.port} may not be reached: localhost is at " in str(error)
    assert "and addresses allows public; correct url or addresses" in str(error)
    assert "hunter2" not in str(error)
    assert canary.visits == 0


async def test_an_allowed_network_can_be_reached(attempts):
    async with (
        Fake(lambda request: modern(request) or answer(request)) as fake,
        opened(fake.url, addresses=["public", "127.0.0.0/8"]) as connection,
    ):
        assert await connection.request("any") == {}
    assert set(attempts) == {"127.0.0.1"}


async def test_an_event_stream_at_an_allowed_address_can_be_reached():
    async with (
        serving(make_server().http_app(transport="sse")) as url,
        opened(f"{url}/sse", sse, addresses="127.0.0.1") as connection,
    ):
        assert "tools" in await connection.request("tools/list")


async def test_a_name_is_resolved_once_and_its_address_is_used(attempts, names, monkeypatch):
    """A name is not resolved a second time for the same connection."""
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    asked: list[str] = []

    async def flips(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    monkeypatch.setattr(address_filter, "resolve", flips)
    assert (await outcome("http://flips.example/mcp", "public")).startswith("NotReady")
    assert (asked, attempts) == (["flips.example"], ["93.184.216.34"])
    # The next connection resolves and checks again.
    assert "is at 127.0.0.1" in await outcome("http://flips.example/mcp", "public")
    assert attempts == ["93.184.216.34"]


async def test_a_name_that_is_rebound_during_a_session_is_refused(attempts, names):
    async with Fake(lambda request: modern(request) or answer(request)) as fake:
        names["turns.example"] = ["127.0.0.1"]
        url = f"http://turns.example:{fake.port}/mcp"
        async with opened(url, addresses="127.0.0.1") as connection:
            assert await connection.request("any") == {}
            names["turns.example"] = ["127.0.0.2"]
            with pytest.raises(
                ConnectionLost, match=r"may not be reached: turns\.example is at 127\.0\.0\.2.*was not sent"
            ):
                await connection.request("any")
    assert set(attempts) == {"127.0.0.1"}


async def test_one_forbidden_address_of_a_name_forbids_all(attempts, names):
    error = await refused("http://mixed.example/mcp", addresses="public")
    assert type(error) is ConnectRefused
    assert attempts == []


async def test_the_next_address_is_tried_where_one_does_not_answer(names, monkeypatch):
    async with Fake(lambda request: modern(request) or answer(request)) as fake:
        names["two.example"] = ["127.0.0.3", "127.0.0.1"]
        async with opened(f"http://two.example:{fake.port}/mcp", addresses="127.0.0.0/8") as connection:
            assert await connection.request("any") == {}


async def test_each_address_has_its_share_of_the_timeout(names, monkeypatch):
    names["many.example"] = ["127.0.0.3", "127.0.0.4", "127.0.0.1"]
    shares: list[float] = []

    async def slow(_self: Any, _host: str, _port: int, *args: Any) -> Any:
        shares.append(args[0])
        raise httpcore2.ConnectTimeout

    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", slow)
    error = await refused("http://many.example:1/mcp", peer=a_peer(connect_timeout=3.0), addresses="127.0.0.0/8")
    assert type(error) is ConnectTimeout
    assert shares[0] == pytest.approx(1.0, abs=0.1)
    assert shares[1] == pytest.approx(1.5, abs=0.1)


async def test_an_unknown_name_is_reported_as_such():
    error = await refused("http://no-such-host.invalid/mcp", addresses="public")
    assert type(error) is NotReady
    assert "the host of no-such-host.invalid:80 is not known" in str(error)


async def test_a_name_with_too_long_labels_is_reported_as_such(monkeypatch):
    async def too_long(*_args: Any, **_options: Any) -> Any:
        raise UnicodeError("label too long")

    monkeypatch.setattr("asyncio.base_events.BaseEventLoop.getaddrinfo", too_long)
    assert "is not known" in str(await refused("http://host.invalid/mcp", addresses="public"))


@BOTH
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_reaches_this_machine(canary, attempts, names, transport, status):
    places = [f"http://127.0.0.1:{canary.port}/", f"//localhost:{canary.port}/x", "http://169.254.169.254/latest"]
    for place in places:
        async with Fake(lambda _, place=place: reply(status, Location=place)) as fake:
            names["server.example"] = ["127.0.0.1"]
            error = await refused(f"http://server.example:{fake.port}/mcp", transport, addresses="127.0.0.0/8")
        assert "did not follow" in str(error) or "answered 30" in str(error)
    assert canary.visits == 0
    assert set(attempts) == {"127.0.0.1"}


async def test_a_redirect_within_the_origin_is_checked_again(attempts, names):
    def handle(request: Request) -> bytes | None:
        names["server.example"] = ["127.0.0.9"]
        return modern(request) if request.path == "/mcp/" else reply(307, Location="/mcp/")

    async with Fake(handle) as fake:
        names["server.example"] = ["127.0.0.1"]
        error = await refused(f"http://server.example:{fake.port}/mcp", addresses="127.0.0.1")
    assert type(error) is ConnectRefused
    assert "is at 127.0.0.9" in str(error)


async def test_headers_are_sent_to_no_other_origin():
    secrets = {"Authorization": "Bearer hunter2", "X-Api-Key": "hunter2", "Cookie": "a=hunter2"}
    async with Fake(lambda _: reply(200)) as elsewhere:
        for addresses in ("any", "127.0.0.0/8"):
            location = f"http://localhost:{elsewhere.port}/mcp"
            async with Fake(lambda _, to=location: reply(307, Location=to)) as fake:
                await refused(fake.url, headers=secrets, addresses=addresses)
                assert fake.got[0].headers["x-api-key"] == "hunter2"
    assert elsewhere.got == []


async def test_no_proxy_is_used(monkeypatch, canary):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    async with (
        Fake(lambda request: modern(request) or answer(request)) as fake,
        opened(fake.url, addresses="127.0.0.1") as connection,
    ):
        assert await connection.request("any") == {}
    assert canary.visits == 0


async def test_certificates_are_checked_against_the_name(tmp_path, names):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    certify(key, cert, "right.example")
    names["right.example"] = names["wrong.example"] = ["127.0.0.1"]
    async with serving(make_server().http_app(), ssl_keyfile=key, ssl_certfile=cert) as url:
        port = url.rpartition(":")[2]
        settings = {"verify": str(cert), "addresses": "127.0.0.1"}
        async with opened(f"https://right.example:{port}/mcp", **settings) as connection:
            assert connection.server.name == "world"
        error = await refused(f"https://wrong.example:{port}/mcp", **settings)
        assert "is not trusted: Hostname mismatch" in str(error)


def certify(key: Path, cert: Path, name: str) -> None:
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -addext subjectAltName=DNS:{name}"
    subprocess.run([*command.split(), "-keyout", key, "-out", cert], check=True, capture_output=True)


async def test_no_server_can_redirect_a_login_to_this_machine(canary, tmp_path, monkeypatch):
    """The metadata of a login contains URLs; those that are not allowed are not requested."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    inside = f"http://127.0.0.2:{canary.port}"

    def handle(request: Request) -> bytes:
        if "oauth-protected-resource" in request.path:
            body = f'{{"resource": "{fake.url}", "authorization_servers": ["{inside}"]}}'
            return reply(200, body, Content_Type="application/json")
        challenge = f'Bearer resource_metadata="http://127.0.0.1:{fake.port}/.well-known/oauth-protected-resource"'
        return reply(401, WWW_Authenticate=challenge) if "well-known" not in request.path else reply(404)

    async with Fake(handle) as fake:
        await outcome(fake.url, "127.0.0.1", auth="oauth")
        assert canary.visits == 0
        await outcome(fake.url, "127.0.0.0/8", auth="oauth")
        assert canary.visits > 0  # so it is requested if it is allowed


async def test_a_login_page_on_this_machine_is_not_opened(canary, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    opened_pages: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened_pages.append)

    def handle(request: Request) -> bytes:
        here = f"http://127.0.0.1:{fake.port}"
        about = {
            "oauth-protected-resource": f'{{"resource": "{fake.url}", "authorization_servers": ["{here}"]}}',
            "oauth-authorization-server": (
                f'{{"issuer": "{here}", "authorization_endpoint": "http://127.0.0.2:{canary.port}/authorize", '
                f'"token_endpoint": "{here}/token", "registration_endpoint": "{here}/register", '
                '"response_types_supported": ["code"], "code_challenge_methods_supported": ["S256"]}'
            ),
            "/register": '{"client_id": "me", "redirect_uris": ["http://localhost:1/callback"]}',
        }
        for part, body in about.items():
            if part in request.path:
                return reply(201 if part == "/register" else 200, body, Content_Type="application/json")
        return reply(401)

    async with Fake(handle) as fake:
        message = await outcome(fake.url, "127.0.0.1", auth="oauth")
    assert canary.visits == 0
    assert opened_pages == []
    assert "may not be reached: 127.0.0.2 is at 127.0.0.2, and addresses allows 127.0.0.1/32" in message
