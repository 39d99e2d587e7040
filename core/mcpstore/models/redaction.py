"""Keeping secrets out of everything that is shown, written or sent."""

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
)  # with a default, as in ${KEY:-value}, it is no mere reference: the default may be the secret
_SCHEME: Final = re.compile(r"^(?:Bearer|Basic|token)\s+", re.IGNORECASE)
_RANDOM_TEXT: Final = re.compile(r"(?=.*\d)[^\s/]{16,}")
"""What is long and has digits in it may be a secret, whatever the parameter of a URL is called."""

_MIN_LENGTH: Final = 6  # shorter values ("1", "true", "INFO") are no secrets, and masking them would eat ordinary text


MAX_LEARNED: Final = 100
"""Secrets of a service that came while it was used and are still hidden: a login brings another token every hour."""

MAX_KNOWN: Final = 1000
"""Secrets of one owner that are known from its settings; variables may stand for others at every opening."""


def masked(value: Any, *, _secret: bool = False) -> Any:
    """Return a copy of a configuration entry in which values that may be secret are `***`.

    Values of `env`, headers and OAuth settings, keys and arguments that sound secret, and the credentials and query of
    URLs are masked; `${VARIABLE}` references stay, because they tell nothing.
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
    """Return a command that is written as one line, with the arguments that may be secret as `***`."""
    return " ".join(map(str, masked(line.split(" "))))


def secrets_in(value: Any, *, _secret: bool = False) -> set[str]:
    """Return what `masked` would hide of an entry, for a `Redactor`: the texts that others might repeat."""
    found: set[str] = set()
    if (fields := as_object(value)) is not None:
        for key, item in fields.items():
            words = item.split(" ") if key == "command" and isinstance(item, str) else item
            found |= secrets_in(words, _secret=_secret or _is_secret(str(key)))
    elif (items := as_array(value)) is not None:
        flags = [isinstance(item, str) and bool(_FLAG.fullmatch(item)) for item in ("", *items)]
        for item, after in zip(items, flags, strict=False):
            found |= secrets_in(item, _secret=_secret or after)
    elif isinstance(value, str):
        assigned = _ASSIGNED.fullmatch(value)
        secret = value if _secret else assigned[2] if assigned else ""
        if secret and not _REFERENCE.fullmatch(secret):
            # Servers that repeat a token repeat it without the word in front of it.
            found |= {secret, _SCHEME.sub("", secret)}
        for url in _URL.findall(value):
            found |= _secrets_of_url(url)
    return found


def masked_url(url: str) -> str:
    """Return a URL without user, password, query values and fragment; the same for URLs within other text."""
    return _without_secrets(url) if _URL.match(url) else _URL.sub(lambda found: _without_secrets(found[0]), url)


def redacted_json(value: Any, redact: Callable[[str], str]) -> Any:
    """Return a JSON value with every text in it, keys included, as `redact` leaves it; itself if nothing is to hide."""
    if isinstance(value, str):
        return redact(value)
    if (fields := as_object(value)) is not None:
        made = {redact(str(key)): redacted_json(item, redact) for key, item in fields.items()}
        is_clean = len(made) == len(fields) and all(made.get(key) is item for key, item in fields.items())
        return fields if is_clean else made
    if (items := as_array(value)) is not None:
        each = [redacted_json(item, redact) for item in items]
        return items if all(new is old for new, old in zip(each, items, strict=True)) else each
    return value


class Redactor:
    """Replaces known secret values in text that others wrote: stderr lines, error messages.

    Args:
        values: The values to hide; those shorter than six characters are left alone.
        learned: The same, of which only the newest are hidden: they come one after the other, the newest last.
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
        """Return a JSON value with every known secret in its texts replaced."""
        return value if self._pattern is None else redacted_json(value, self)

    def extended(self, *values: str) -> Redactor:
        """Return one that hides more, and forgets what it learned long ago."""
        return Redactor(self._values, (*self._learned, *values))


class SecretRegistry:
    """Hides the secrets of everybody in text that plugins wrote, which may have them from anybody."""

    __slots__ = ("_entries", "_known", "_learned", "_redact")

    def __init__(self) -> None:
        self._entries: dict[str, tuple[Any, ...]] = {}
        self._known: dict[str, dict[str, None]] = {}
        self._learned: dict[str, dict[str, None]] = {}
        self._redact: Redactor | None = None

    def add_entries(self, owner: str, *entries: Any) -> None:
        """Take note of somebody's entries; they are searched for secrets when there is a text to hide them in."""
        self._entries[owner] = entries
        self._redact = None

    def add_values(self, owner: str, values: Iterable[str]) -> None:
        """Take note of the secrets in somebody's settings, besides those that are known already."""
        self._add(self._known, owner, values, MAX_KNOWN)

    def learn(self, owner: str, secret: str) -> None:
        """Take note of a secret that came while somebody was used, such as the token of a login."""
        self._add(self._learned, owner, [secret], MAX_LEARNED)

    def forget(self, owner: str) -> None:
        """Forget the secrets of somebody who is gone."""
        self._entries.pop(owner, None)
        known, learned = self._known.pop(owner, None), self._learned.pop(owner, None)
        if known or learned:
            self._redact = None

    def __call__(self, text: str) -> str:
        """Return `text` with every known secret replaced by `***`."""
        redact = self._redact  # handlers that are plain functions ask from threads of their own
        if redact is None:  # made when it is needed: plugins fail seldom
            while self._entries:
                owner, entries = self._entries.popitem()
                self.add_values(owner, (secret for entry in entries for secret in secrets_in(entry)))
            everybody = (*self._known.values(), *self._learned.values())
            self._redact = redact = Redactor(value for values in everybody for value in values)
        return redact(text)

    def _add(self, to: dict[str, dict[str, None]], owner: str, values: Iterable[str], most: int) -> None:
        before = to.get(owner, {})
        to[owner] = now = _newest((*before, *values), most)
        if now.keys() != before.keys():
            self._redact = None


def _newest(values: Iterable[str], most: int) -> dict[str, None]:
    """Return values, each once, the one that was named last at the end; of too many, the last."""
    found: dict[str, None] = {}
    for value in values:
        found.pop(value, None)
        found[value] = None
    return dict.fromkeys(list(found)[-most:])


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
    query = "&".join(f"{name[0]}={MASK}" if any(name[1:]) else MASK for name in named)  # `?c2VjcmV0=` is no name
    return f"{parts.scheme}://{host}{port}{parts.path}" + (f"?{query}" if query else "")


def _secrets_of_url(url: str) -> set[str]:
    try:
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        pairs = parse_qsl(parts.query)
    except ValueError:
        return set()
    # A name without a password is a token; with one, it is only a name, and hiding it would eat ordinary text.
    found = {password, parts.password or ""} if password else {user, parts.username or ""}
    if password:
        found.add(b64encode(f"{user}:{password}".encode()).decode())  # as it travels
    found |= {text for name, text in pairs if name == "key" or _SECRET_KEY.search(name) or _RANDOM_TEXT.fullmatch(text)}
    found |= {pair for pair in parts.query.split("&") if _RANDOM_TEXT.fullmatch(pair) and "=" not in pair.rstrip("=")}
    return found - {""}
