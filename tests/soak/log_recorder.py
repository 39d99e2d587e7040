"""Records errors in the log of a store and unhandled exceptions of its event loop."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Any, Self

KEPT = 20
"""Number of errors whose text is kept."""


class LogRecorder(logging.Handler):
    """Records errors in the log and unhandled exceptions of the event loop.

    Attributes:
        levels: Number of log records of each level.
        wrong: Texts of the errors and exceptions.
    """

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.levels: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._log = logging.getLogger("mcpstore")

    def __enter__(self) -> Self:
        self._log.addHandler(self)
        self._log.propagate = False
        asyncio.get_running_loop().set_exception_handler(self._unhandled)
        return self

    def __exit__(self, *_: object) -> None:
        self._log.removeHandler(self)
        self._log.propagate = True
        asyncio.get_running_loop().set_exception_handler(None)

    def emit(self, record: logging.LogRecord) -> None:
        self.levels[record.levelname] += 1
        if record.levelno >= logging.ERROR:
            self._note(record.getMessage())

    def _unhandled(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._note(f"{context.get('message')}: {context.get('exception')!r}")

    def _note(self, text: str) -> None:
        if len(self.wrong) < KEPT:
            self.wrong.append(text)
