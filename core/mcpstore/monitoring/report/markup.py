"""HTML elements as a tree, so that all text is escaped when it is written."""

from __future__ import annotations

from typing import Final
from xml.etree.ElementTree import Element, tostring

from mcpstore.monitoring.report.formatting import clean

__all__ = ["Element", "element", "page", "raw_style"]


MAX_ATTRIBUTE_LENGTH: Final = 100_000
"""Longest value of an attribute, in characters; a line through many points is long."""


def element(tag: str, *content: Element | str, **attributes: str | float) -> Element:
    """Return an element.

    Args:
        tag: Name of the element.
        content: Child elements and text; text is sanitized, and escaped when it is written.
        attributes: `class_` becomes `class`, `aria_label` becomes `aria-label`; numbers have at most two decimals.
    """
    root = Element(tag, {_name(key): _value(value) for key, value in attributes.items()})
    for part in content:
        if isinstance(part, str):
            text = clean(part)
            if len(root):
                root[-1].tail = (root[-1].tail or "") + text
            else:
                root.text = (root.text or "") + text
        else:
            root.append(part)
    return root


def raw_style(css: str) -> Element:
    """Return a trusted style sheet."""
    style = Element("style")
    style.text = css
    return style


def page(root: Element) -> str:
    """Return an element tree as an HTML page."""
    return "<!DOCTYPE html>\n" + tostring(root, encoding="unicode", method="html") + "\n"


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-") if key != "viewBox" else key


def _value(value: str | float) -> str:
    return (
        clean(value, longest=MAX_ATTRIBUTE_LENGTH) if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
    )
