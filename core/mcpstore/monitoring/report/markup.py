"""Elements of a page, escaped by construction: nothing is ever pasted together from strings."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element, tostring

from mcpstore.monitoring.report.formatting import clean

__all__ = ["Element", "element", "page", "raw_style"]


LONGEST: Final = 100_000
"""Characters in an attribute: a line through many points is long."""


def element(tag: str, *content: Element | str, **attributes: str | float) -> Element:
    """Return an element.

    Args:
        tag: Its name.
        content: Elements and text; text is cleaned, and escaped when it is written.
        attributes: `class_` is written `class`, `aria_label` is written `aria-label`; numbers get two decimals at most.
    """
    made = Element(tag, {_name(key): _value(value) for key, value in attributes.items()})
    for part in content:
        if isinstance(part, str):
            told = clean(part)
            if len(made):
                made[-1].tail = (made[-1].tail or "") + told
            else:
                made.text = (made.text or "") + told
        else:
            made.append(part)
    return made


def raw_style(css: str) -> Element:
    """Return a style sheet of our own."""
    made = Element("style")
    made.text = css
    return made


def page(root: Element) -> str:
    """Return a page as HTML."""
    return "<!DOCTYPE html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-") if key != "viewBox" else key


def _value(value: str | float) -> str:
    return clean(value, longest=LONGEST) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
