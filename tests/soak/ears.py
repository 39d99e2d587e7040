"""Hears what a store complains of, and what its event loop does."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any, Self

KEPT = 20
"""Complaints that are kept word by word."""


class Ears(logging.Handler):
    """Takes down what should never be said: errors in the log, and exceptions that nobody waited for.

    Attributes:
        said: How many records of each level there were.
        wrong: What should never be said.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.said: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._log = logging.getLogger("mcpstore")

    def __enter__(self) -> Self:
        self._log.addHandler(self)
        self._log.propagate = False
        asyncio.get_running_loop().set_exception_handler(self._unheard)
        return self

    def __exit__(self, *_: object) -> None:
        self._log.removeHandler(self)
        self._log.propagate = True
        asyncio.get_running_loop().set_exception_handler(None)

    def emit(self, record: logging.LogRecord) -> None:
        self.said[record.levelname] += 1
        if record.levelno >= logging.ERROR:
            self._note(record.getMessage())

    def _unheard(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._note(f"{context.get('message')}: {context.get('exception')!r}")

    def _note(self, text: str) -> None:
        if len(self.wrong) < KEPT:
            self.wrong.append(text)
