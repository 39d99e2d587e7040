"""Parts of our own docstrings: text, sections, entries."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Final

SECTION: Final = re.compile(r"^(Args|Attributes|Returns|Raises|Example|Yields):\s*$", re.MULTILINE)


def text_of(thing: object) -> str:
    """Return the text of a docstring before its first section."""
    return SECTION.split(inspect.getdoc(thing) or "")[0].strip()


def first_sentence(thing: object) -> str:
    """Return the first paragraph, in one line."""
    return " ".join(text_of(thing).split("\n\n")[0].split())


def entries(thing: object, section: str) -> Mapping[str, str]:
    """Return the named entries of a section, such as the arguments."""
    parts = SECTION.split(inspect.getdoc(thing) or "")
    texts: dict[str, str] = {}
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        if title != section:
            continue
        name = ""
        for line in body.splitlines():
            entry = re.match(r"^    (\*{0,2}[\w.]+): (.*)$", line)
            if entry:
                name = entry[1]
                texts[name] = entry[2]
            elif name and line.strip():
                texts[name] += " " + line.strip()
    return texts


def prose(thing: object, section: str) -> str:
    """Return the text of a section that has no entries, such as the return value."""
    parts = SECTION.split(inspect.getdoc(thing) or "")
    for title, body in zip(parts[1::2], parts[2::2], strict=True):
        if title == section:
            return " ".join(body.split())
    return ""
