"""Redaction of secrets in everything that is shown, written or sent."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from mcpstore.models.json_types import as_array, as_object

__all__ = [
    "MASK",
    "Redactor",
    "SecretRegistry",
    "masked",
    "masked_command",
    "masked_url",
    "redacted_json",
    "secrets_in",
]

MASK: Final = "***"

_VALUE_MAPS: Final = frozenset(
    {"env", "environment", "envs", "headers", "http_headers", "oauth", "auth", "credentials"}
)
_SECRET_KEY: Final = re.compile(
    r"token|secret|passw|api[-_]?key|authorization|bearer|credential|private", re.IGNORECASE
)
_ASSIGNED: Final = re.compile(
    rf"(-{{0,2}}[\w.-]*(?:{_SECRET_KEY.pattern})[\w.-]*(?:=|:\s+))(.+)", re.IGNORECASE | re.DOTALL
)
_FLAG: Final = re.compile(rf"--?[\w.-]*(?:{_SECRET_KEY.pattern})[\w.-]*", re.IGNORECASE)
_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S*")
_REFERENCE: Final = re.compile(
    r"\$\{\w+\}|\$\{(?:env|input|config|command):[\w.-]+\}|\{env:\w+\}|\{file:[^}]*\}|\$[A-Za-z_]\w*"
)  # not with a default, as in ${KEY:-value}: the default can be a secret
_SCHEME: Final = re.compile(r"^(?:Bearer|Basic|token)\s+", re.IGNORECASE)
_RANDOM_TEXT: Final = re.compile(r"(?=.*\d)[^\s/]{16,}")
"""Long text with digits: treated as a secret in a URL, whatever the name of the parameter."""

_MIN_LENGTH: Final = 6
"""Minimum length of a secret, in characters. Shorter values ("1", "true", "INFO") occur in ordinary text."""

MAX_LEARNED: Final = 100
"""Number of secrets obtained at run time that are redacted for one owner; a login gets a new token every hour."""

MAX_KNOWN: Final = 1000
"""Number of secrets from settings that are redacted for one owner; variables can have new values at each opening."""


def masked(value: Any, *, _secret: bool = False) -> Any:
    """Return a copy of a configuration entry in which values that can be secret are `***`.

    These are the values of `env`, headers and OAuth settings, the values of keys and arguments whose names suggest a
    secret, and the credentials and query values of URLs. `${VARIABLE}` references are not masked.
    """
    if (fields := as_object(value)) is not None:
        return {
            key: masked_command(item)
            if key == "command" and isinstance(item, str) and not _secret
            else masked(item, _secret=_secret or _is_secret(str(key)))
            for key, item in fields.items()
        }
    if (items := as_array(value)) is not None:
        flags = [isinstance(item, str) and bool(_FLAG.fullmatch(item)) for item in ("", *items)]
        return [masked(item, _secret=_secret or after) for item, after in zip(items, flags, strict=False)]
    if isinstance(value, str):
        return _masked_text(value, secret=_secret)
    return MASK if _secret and value is not None and not isinstance(value, bool) else value


def masked_command(line: str) -> str:
    """Return a command line in which arguments that can be secret are `***`."""
    return " ".join(map(str, masked(line.split(" "))))


def secrets_in(value: Any, *, _secret: bool = False) -> set[str]:
    """Return the secrets in a configuration entry, the values that `masked` replaces, for a `Redactor`."""
    secrets: set[str] = set()
    if (fields := as_object(value)) is not None:
        for key, item in fields.items():
            words = item.split(" ") if key == "command" and isinstance(item, str) else item
            secrets |= secrets_in(words, _secret=_secret or _is_secret(str(key)))
    elif (items := as_array(value)) is not None:
        flags = [isinstance(item, str) and bool(_FLAG.fullmatch(item)) for item in ("", *items)]
        for item, after in zip(items, flags, strict=False):
            secrets |= secrets_in(item, _secret=_secret or after)
    elif isinstance(value, str):
        assigned = _ASSIGNED.fullmatch(value)
        secret = value if _secret else assigned[2] if assigned else ""
        if secret and not _REFERENCE.fullmatch(secret):
            # A server may print the token without the scheme.
            secrets |= {secret, _SCHEME.sub("", secret)}
        for url in _URL.findall(value):
            secrets |= _secrets_of_url(url)
    return secrets


def masked_url(url: str) -> str:
    """Return a URL, or a text with URLs, without their users, passwords, query values and fragments."""
    return _without_secrets(url) if _URL.match(url) else _URL.sub(lambda match: _without_secrets(match[0]), url)


def redacted_json(value: Any, redact: Callable[[str], str]) -> Any:
    """Return a JSON value with `redact` applied to every string, also to keys; the same object if none changes."""
    if isinstance(value, str):
        return redact(value)
    if (fields := as_object(value)) is not None:
        redacted = {redact(str(key)): redacted_json(item, redact) for key, item in fields.items()}
        is_same = len(redacted) == len(fields) and all(redacted.get(key) is item for key, item in fields.items())
        return fields if is_same else redacted
    if (items := as_array(value)) is not None:
        new_items = [redacted_json(item, redact) for item in items]
        return items if all(new is old for new, old in zip(new_items, items, strict=True)) else new_items
    return value


class Redactor:
    """Redacts known secrets in text from servers and plugins: lines of stderr, error messages.

    Args:
        values: Secrets; those shorter than six characters are ignored.
        learned: Secrets obtained at run time, the newest last; only the newest `MAX_LEARNED` are redacted.
    """

    __slots__ = ("_learned", "_pattern", "_values")

    def __init__(self, values: Iterable[str] = (), learned: Iterable[str] = ()) -> None:
        self._values = frozenset(v for v in values if len(v) >= _MIN_LENGTH)
        self._learned = _newest((v for v in learned if len(v) >= _MIN_LENGTH), MAX_LEARNED)
        longest_first = sorted(self._values.union(self._learned), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """Return `text` with every known secret replaced by `***`."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)

    def redact_json(self, value: Any) -> Any:
        """Return a JSON value with every known secret in its strings replaced by `***`."""
        return value if self._pattern is None else redacted_json(value, self)

    def extended(self, *values: str) -> Redactor:
        """Return a redactor with further secrets; the oldest ones above `MAX_LEARNED` are dropped."""
        return Redactor(self._values, (*self._learned, *values))


class SecretRegistry:
    """Redacts the secrets of all services and plugins, in text from plugins, which can contain any of them.

    An owner is a service, an alert channel or an exporter.
    """

    __slots__ = ("_entries", "_known", "_learned", "_redact")

    def __init__(self) -> None:
        self._entries: dict[str, tuple[Any, ...]] = {}
        self._known: dict[str, dict[str, None]] = {}
        self._learned: dict[str, dict[str, None]] = {}
        self._redact: Redactor | None = None

    def add_entries(self, owner: str, *entries: Any) -> None:
        """Replace the configuration entries of an owner; they are searched for secrets at the next redaction."""
        self._entries[owner] = entries
        self._redact = None

    def add_values(self, owner: str, values: Iterable[str]) -> None:
        """Add secrets from the settings of an owner."""
        self._add(self._known, owner, values, MAX_KNOWN)

    def learn(self, owner: str, secret: str) -> None:
        """Add a secret that an owner obtained at run time, such as the token of a login."""
        self._add(self._learned, owner, [secret], MAX_LEARNED)

    def forget(self, owner: str) -> None:
        """Remove the secrets of an owner."""
        self._entries.pop(owner, None)
        known, learned = self._known.pop(owner, None), self._learned.pop(owner, None)
        if known or learned:
            self._redact = None

    def __call__(self, text: str) -> str:
        """Return `text` with every known secret replaced by `***`."""
        redact = self._redact  # read once, because alert handlers call from other threads
        if redact is None:  # built on demand, because it is seldom needed
            while self._entries:
                owner, entries = self._entries.popitem()
                self.add_values(owner, (secret for entry in entries for secret in secrets_in(entry)))
            groups = (*self._known.values(), *self._learned.values())
            self._redact = redact = Redactor(value for values in groups for value in values)
        return redact(text)

    def _add(self, to: dict[str, dict[str, None]], owner: str, values: Iterable[str], most: int) -> None:
        before = to.get(owner, {})
        to[owner] = now = _newest((*before, *values), most)
        if now.keys() != before.keys():
            self._redact = None


def _newest(values: Iterable[str], most: int) -> dict[str, None]:
    """Return the last `most` different values, in the order of their last occurrence."""
    unique: dict[str, None] = {}
    for value in values:
        unique.pop(value, None)
        unique[value] = None
    return dict.fromkeys(list(unique)[-most:])


def _is_secret(key: str) -> bool:
    return key.lower() in _VALUE_MAPS or bool(_SECRET_KEY.search(key))


def _masked_text(text: str, *, secret: bool) -> str:
    if secret:
        return text if not text or _REFERENCE.fullmatch(text) else MASK
    if assigned := _ASSIGNED.fullmatch(text):
        return assigned[1] + _masked_text(assigned[2], secret=True)
    return masked_url(text)


def _without_secrets(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return MASK
    if not ("@" in parts.netloc or parts.query or parts.fragment):
        return url
    if ":" in host:
        host = f"[{host}]"
    pairs = parts.query.split("&") if parts.query else []
    named = (pair.split("=", 1) for pair in pairs)
    query = "&".join(
        f"{name[0]}={MASK}" if any(name[1:]) else MASK for name in named
    )  # in `?c2VjcmV0=`, the name can be a secret
    return f"{parts.scheme}://{host}{port}{parts.path}" + (f"?{query}" if query else "")


def _secrets_of_url(url: str) -> set[str]:
    try:
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        pairs = parse_qsl(parts.query)
    except ValueError:
        return set()
    # A user without a password is a token. With a password it is a name, which occurs in ordinary text.
    secrets = {password, parts.password or ""} if password else {user, parts.username or ""}
    if password:
        secrets.add(b64encode(f"{user}:{password}".encode()).decode())  # the form in the header Authorization
    secrets |= {
        text for name, text in pairs if name == "key" or _SECRET_KEY.search(name) or _RANDOM_TEXT.fullmatch(text)
    }
    secrets |= {pair for pair in parts.query.split("&") if _RANDOM_TEXT.fullmatch(pair) and "=" not in pair.rstrip("=")}
    return secrets - {""}
