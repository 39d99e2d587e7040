"""Settings of the HTTP transports."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from mcpstore.wire.http.auth import headers_of
from mcpstore.wire.http.settings import HANDSHAKE_TIMEOUT, LOGIN_TIMEOUT, HttpSettings
from mcpstore_plugins import sse, streamable_http

URL = "https://host.example/mcp"


def test_a_url_is_enough():
    settings = HttpSettings(url=URL)
    assert (settings.headers, settings.auth, settings.verify, settings.timeout) == ({}, None, True, None)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://host/mcp", "must begin with http:// or https:// (got scheme 'ftp')"),
        ("host.example/mcp", "must begin with http:// or https:// (got no scheme)"),
        ("/mcp", "must begin with http:// or https:// (got no scheme)"),
        ("", "must begin with http:// or https:// (got no scheme)"),
        ("localhost:8000/mcp", "must begin with http:// or https:// (got no scheme)"),
        ("http:///mcp", "must name a host, as in https://host/mcp"),
        ("http://:80/mcp", "must name a host, as in https://host/mcp"),
        ("http://host:eighty/mcp", "must be an address such as https://host/mcp"),
        ("http://[::1/mcp", "must be an address such as https://host/mcp"),
        ("http://host:99999/", "must be an address such as https://host/mcp"),
    ],
)
def test_an_invalid_url_is_refused(url, message):
    with pytest.raises(ValidationError) as caught:
        HttpSettings(url=url)
    (error,) = caught.value.errors(include_url=False)
    assert error["loc"] == ("url",)
    assert message in error["msg"]


def test_white_space_around_a_url_is_removed():
    assert HttpSettings(url=f" {URL}\n").url == URL


@pytest.mark.parametrize(
    "headers",
    [{"": "x"}, {"A B": "x"}, {"A:": "x"}, {"Ä": "x"}, {"A": "x\r\nB: y"}, {"A": "x\n"}, {"A": "\0"}, {"A": "grün"}],
)
def test_headers_that_cannot_be_sent_are_refused(headers):
    with pytest.raises(ValidationError):
        HttpSettings(url=URL, headers=headers)


def test_no_error_shows_a_possible_secret():
    canary = "hunter2hunter2"
    wrong = [
        {"url": f"ftp://user:{canary}@host/"},
        {"url": URL, "headers": {"Authorization": f"Bearer {canary}\n"}},
        {"url": URL, "headers": [canary]},
        {"url": URL, "auth": {"bearer": [canary]}},
        {"url": URL, "auth": {"token": canary}},
        {"url": URL, "auth": {"bearer": canary, "oauth": {}}},
        {"url": URL, "auth": {"oauth": {"client_secret": [canary]}}},
    ]
    for settings in wrong:
        with pytest.raises(ValidationError) as caught:
            HttpSettings.model_validate(settings)
        assert canary not in str(caught.value)


def test_unknown_settings_are_refused():
    with pytest.raises(ValidationError, match="headerz"):
        HttpSettings.model_validate({"url": URL, "headerz": {}})


@pytest.mark.parametrize("given", [None, "", "none", False])
def test_no_login_can_be_written_in_several_ways(given):
    assert HttpSettings.model_validate({"url": URL, "auth": given}).auth is None


@pytest.mark.parametrize("given", ["s3cret", {"bearer": "s3cret"}])
def test_a_token_is_sent_as_a_header(given):
    settings = HttpSettings.model_validate({"url": URL, "auth": given, "headers": {"X-Other": "1"}})
    assert headers_of(settings) == {"X-Other": "1", "Authorization": "Bearer s3cret"}
    assert "s3cret" not in repr(settings)


def test_a_configured_authorization_header_overrides_a_token():
    settings = HttpSettings.model_validate({"url": URL, "auth": "s3cret", "headers": {"authorization": "Basic x"}})
    assert headers_of(settings) == {"authorization": "Basic x"}


@pytest.mark.parametrize("given", ["oauth", "OAuth", {"oauth": {}}, {"oauth": {"scopes": ["read"], "client_id": "me"}}])
def test_a_login_by_browser_is_given_time(given):
    settings = HttpSettings.model_validate({"url": URL, "auth": given})
    assert settings.auth.oauth is not None
    assert headers_of(settings) == {}
    assert streamable_http.handshake_timeout(settings) == sse.handshake_timeout(settings) == LOGIN_TIMEOUT


@pytest.mark.parametrize("given", [{}, {"bearer": None}, {"bearer": "a", "oauth": {}}, {"basic": "a"}, ["oauth"], 7])
def test_an_unknown_login_is_refused(given):
    with pytest.raises(ValidationError):
        HttpSettings.model_validate({"url": URL, "auth": given})


def test_the_connect_timeout_can_be_set():
    assert HttpSettings(url=URL).handshake_timeout == HANDSHAKE_TIMEOUT
    assert HttpSettings.model_validate({"url": URL, "auth": "oauth", "timeout": 5}).handshake_timeout == 5
    with pytest.raises(ValidationError):
        HttpSettings(url=URL, timeout=0)


@pytest.mark.parametrize("verify", [True, False, "/etc/ssl/ours.pem"])
def test_certificates_are_checked_by_default(verify):
    assert HttpSettings(url=URL, verify=verify).verify == verify


def test_printing_settings_shows_no_values_of_headers_and_no_credentials():
    given = {"url": "https://ada:s3cret@host/mcp?key=s3cret", "headers": {"X-Key": "s3cret"}, "auth": "s3cret"}
    shown = repr(HttpSettings.model_validate(given))
    assert "s3cret" not in shown
    assert "X-Key" in shown
