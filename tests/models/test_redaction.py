"""No secret is shown, wherever in an entry it stands."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpstore.models.redaction import (
    MASK,
    MAX_KNOWN,
    MAX_LEARNED,
    Redactor,
    SecretRegistry,
    masked,
    masked_command,
    masked_url,
    secrets_in,
)

# a value that cannot stand in an entry by chance
secrets = st.text(string.ascii_letters + string.digits + "+/=_.~", min_size=4, max_size=30).map("s3cr3t".__add__)
url_secrets = st.text(string.ascii_letters + string.digits + "+=_.~", min_size=4, max_size=30).map("s3cr3t".__add__)
words = st.text(string.ascii_lowercase, min_size=1, max_size=8)
secret_words = st.sampled_from(
    ["token", "API_KEY", "apiKey", "client_secret", "password", "Authorization", "bearer", "privateKey", "credential"]
)
maps = st.sampled_from(["env", "environment", "envs", "headers", "http_headers", "Headers", "oauth", "auth"])
schemes = st.sampled_from(["http", "https", "postgres", "redis+tls", "sqlite"])
flags = st.builds(
    lambda dashes, a, word, b: f"{dashes}{a}{word}{b}", st.sampled_from(["-", "--"]), words, secret_words, words
)


@st.composite
def places(draw):
    """An entry with a secret in one place, and the secret."""
    secret, in_url = draw(secrets), draw(url_secrets)
    word, name, scheme, flag = draw(words), draw(secret_words), draw(schemes), draw(flags)
    host = f"{word}.example:8080"
    url = draw(
        st.sampled_from(
            [
                f"{scheme}://{in_url}@{host}/{word}",
                f"{scheme}://{word}:{in_url}@{host}",
                f"{scheme}://{host}/{word}?{word}={in_url}&x=1",
                f"{scheme}://{host}/?{in_url}",
                f"{scheme}://{host}#{in_url}",
                f"{scheme}:///{word}?key={in_url}",
            ]
        )
    )
    place = draw(
        st.sampled_from(
            [
                {draw(maps): {word: secret}},
                {draw(maps): {word: [secret, {"deep": secret}]}},
                {draw(maps): {word: f"${{KEY:-{secret}}}"}},
                {draw(maps): {word: f"Bearer {secret}"}},
                {f"{word}_{name}": secret},
                {word: {name: [secret]}},
                {"url": url},
                {"args": ["serve", url]},
                {"args": [f"--dsn={url}"]},
                {"note": f"see {url} for more"},
                {"args": [f"{flag}={secret}"]},
                {"args": [flag, secret]},
                {"args": ["-e", f"{name.upper()}={secret}"]},
                {"args": ["--header", f"Authorization: Bearer {secret}"]},
            ]
        )
    )
    return {"command": "npx", **place}, (secret, in_url)


@given(places())
def test_no_secret_is_left_in_a_masked_entry(place):
    entry, hidden = place

    shown = json.dumps(masked(entry))

    assert not [secret for secret in hidden if secret in shown]
    assert '"command": "npx"' in shown


plain = st.text("abcdfgh", max_size=8)  # no word of a secret can be written with these


@given(st.recursive(st.none() | st.booleans() | plain, lambda inner: st.lists(inner) | st.dictionaries(plain, inner)))
def test_values_that_are_no_secrets_are_not_changed(value):
    assert masked({"note": value}) == {"note": value}


def test_an_ordinary_entry_is_not_changed():
    entry = {
        "type": "stdio",
        "command": "npx",
        "args": ["-y", "@modelcontextprotocol/server-filesystem", "/tmp", "--port", "8080"],
        "cwd": "${workspaceFolder}/x",
        "timeout": 30,
        "disabled": False,
        "url": "https://example.com:8443/mcp",
        "mcpstore": {"depends_on": ["db"], "timeouts": {"call": 10.5}},
    }

    assert masked(entry) == entry


def test_the_original_is_not_changed():
    entry = {"env": {"KEY": "s3cr3t-value"}}

    masked(entry)

    assert entry == {"env": {"KEY": "s3cr3t-value"}}


@pytest.mark.parametrize(
    "reference",
    ["${TOKEN}", "$TOKEN", "${env:TOKEN}", "${input:github-token}", "{env:TOKEN}", "{file:~/.token}", ""],
)
def test_a_reference_to_a_variable_is_not_masked(reference):
    assert masked({"env": {"TOKEN": reference}, "args": [f"--token={reference}"]}) == {
        "env": {"TOKEN": reference},
        "args": [f"--token={reference}"],
    }


@pytest.mark.parametrize("text", ["${TOKEN:-s3cr3t}", "${env:TOKEN:-s3cr3t}", "Bearer ${TOKEN}", "x$TOKEN"])
def test_a_reference_with_more_than_a_name_is_masked(text):
    assert masked({"headers": {"X": text}}) == {"headers": {"X": MASK}}


def test_secret_numbers_are_masked_and_booleans_are_not():
    assert masked({"env": {"PIN": 123456, "PI": 3.14, "ON": True, "OFF": False, "NO": None}}) == {
        "env": {"PIN": MASK, "PI": MASK, "ON": True, "OFF": False, "NO": None}
    }


def test_keys_that_are_not_strings_are_accepted():
    assert masked({"env": {1: "s3cr3t"}, 2: "two"}) == {"env": {1: MASK}, 2: "two"}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.com/mcp", "https://example.com/mcp"),
        ("https://user:pw@Example.com:8443/mcp", "https://example.com:8443/mcp"),
        ("https://user@[::1]:80/", "https://[::1]:80/"),
        ("https://example.com/?a=1&b=2&flag&pad=#part", "https://example.com/?a=***&b=***&***&***"),
        ("sqlite:///var/lib/store.db?key=pw", "sqlite:///var/lib/store.db?key=***"),
        ("https://user:pw@/mcp", "https:///mcp"),
        ("https://example.com:port/", MASK),
        ("http://[broken/", MASK),
        ("./mcp.json", "./mcp.json"),
        ("HTTP://example.com", "HTTP://example.com"),
        ("at https://u:p@example.com/x, or so", "at https://example.com/x, or so"),
        ("me@host#1?.json", "me@host#1?.json"),
    ],
)
def test_urls_are_shown_without_their_secrets(url, shown):
    assert masked_url(url) == shown


@given(st.lists(secrets, min_size=1), st.lists(words))
def test_known_secrets_are_replaced_in_any_text(known, around):
    text = "".join(f"{secret} {word} " for secret in known for word in around or ["x"])

    shown = Redactor(known)(text)

    assert not [secret for secret in known if secret in shown]


def test_a_secret_within_a_longer_one_leaves_no_remainder():
    assert Redactor(["abcdef", "abcdefghi"])("abcdefghi abcdef") == f"{MASK} {MASK}"


def test_short_values_are_not_secrets():
    assert Redactor(["1", "true", "INFO"])("1 is true INFO") == "1 is true INFO"
    assert Redactor()("text") == "text"


def test_secrets_are_hidden_within_any_value_of_json():
    redact = Redactor(["hunter2hunter2"])
    value = {"a hunter2hunter2": ["x hunter2hunter2", 7, None, {"b": "hunter2hunter2"}]}
    assert redact.redact_json(value) == {"a ***": ["x ***", 7, None, {"b": "***"}]}
    assert Redactor().redact_json(value) is value
    assert redact.extended("another1").redact_json(["hunter2hunter2 another1"]) == ["*** ***"]


def test_secrets_in_a_command_line_are_hidden():
    assert masked_command("npx -y server --api-key s3cret --port 80") == "npx -y server --api-key *** --port 80"
    assert masked({"command": "server --token=s3cret  x"}) == {"command": "server --token=***  x"}


@pytest.mark.parametrize(
    ("entry", "secrets"),
    [
        ({"args": ["--api-key", "abc", "x"]}, {"abc"}),
        ({"args": ["--token=abc", "--port=80"]}, {"abc"}),
        ({"args": ["Authorization: Bearer abc"]}, {"Bearer abc", "abc"}),
        ({"args": ["API_KEY=${KEY}", "--token", "$KEY"]}, set()),
        ({"command": "server --password abc"}, {"abc"}),
        ({"env": {"A": "b", "C": ["d"]}}, {"b", "d"}),
        ({"url": "https://token@host/"}, {"token"}),
        ({"url": "see https://me:p%20w@host/?page=2"}, {"p w", "p%20w", "bWU6cCB3"}),
        ({"url": "https://host/?key=a&mode=b&sig=0123456789abcdef"}, {"a", "0123456789abcdef"}),
        ({"url": "https://host/?verbose&c2VjcmV0czEyMzQ1=="}, {"c2VjcmV0czEyMzQ1=="}),
        ({"url": "https://[host"}, set()),
        (7, set()),
    ],
)
def test_the_hidden_secrets_are_known(entry, secrets):
    assert secrets_in(entry) == secrets


def test_the_newest_learnt_secrets_and_all_configured_ones_are_hidden():
    redact, registry = Redactor(["configured"]), SecretRegistry()
    for _ in range(2):
        registry.add_values("a", ["configured"])
    for number in range(10 * MAX_LEARNED):
        redact = redact.extended(f"token-{number:06}")
        registry.learn("a", f"token-{number:06}")
    newest = [f"token-{number:06}" for number in range(9 * MAX_LEARNED, 10 * MAX_LEARNED)]
    for hide in (redact, registry):
        assert hide(" ".join(newest)) == " ".join([MASK] * MAX_LEARNED)
        assert hide("configured") == MASK
        assert hide("token-000000") == "token-000000"


def test_variables_that_change_at_every_opening_do_not_accumulate():
    registry = SecretRegistry()
    for number in range(2 * MAX_KNOWN):
        registry.add_values("a", ["always the same", f"other-{number:06}"])
    assert registry("always the same") == MASK
    assert registry(f"other-{MAX_KNOWN + 2:06}") == MASK
    assert registry("other-000000") == "other-000000"
    for owner in ("unknown", "a"):
        registry.forget(owner)
    assert registry("always the same") == "always the same"


def test_entries_are_searched_for_secrets_only_when_a_text_is_redacted():
    registry = SecretRegistry()
    registry.add_entries("a", {"env": {"A": "first-secret"}}, {"args": ["--token", "second-secret"]})
    registry.add_entries("b", {"url": "https://me:third-secret@host/"})
    assert registry("first-secret second-secret third-secret") == "*** *** ***"
    registry.add_entries("a", {"env": {"A": "fourth-secret"}})
    registry.forget("b")
    assert registry("first-secret third-secret fourth-secret") == "*** third-secret ***"
