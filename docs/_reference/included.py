"""Files shown in pages: each block after a mark `<!-- shows PATH -->` is a copy of that file."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["included"]

MARK = re.compile(r"^<!-- shows (\S+) -->\n```(\w+)\n.*?^```$", re.MULTILINE | re.DOTALL)


def included(docs: Path) -> dict[Path, str]:
    """Return the pages that show files, with the current text of the files."""
    pages: dict[Path, str] = {}
    for page in sorted(docs.rglob("*.md")):
        text = page.read_text("utf-8")
        if MARK.search(text):
            pages[page] = MARK.sub(lambda mark: _block(docs.parent, mark[1], mark[2]), text)
    return pages


def _block(root: Path, path: str, language: str) -> str:
    return f"<!-- shows {path} -->\n```{language}\n{(root / path).read_text('utf-8')}```"
