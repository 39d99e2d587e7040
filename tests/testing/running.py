"""Running a suite on a plugin and seeing which of its checks fail."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def failures(suite: type[Any], folder: Path, *only: str, loop: Callable[[], Any] | None = None) -> set[str]:
    """Return the names of the checks that fail.

    Each check runs in an event loop of its own, where nobody minds what is left behind.

    Args:
        suite: The suite.
        folder: Where each check gets a folder of its own.
        only: The names of the checks to run; all by default.
        loop: Makes the event loops.
    """
    failed: set[str] = set()
    for name, check in inspect.getmembers(suite, inspect.isfunction):
        if not name.startswith("test_") or (only and name not in only):
            continue
        for number, arguments in enumerate(_arguments(check)):
            instance = suite()
            instance.folder = folder / f"{name}{number}"
            instance.folder.mkdir(parents=True)
            with asyncio.Runner(loop_factory=loop) as runner:
                runner.get_loop().set_exception_handler(lambda *_: None)
                try:
                    suite.check_excuses(check)
                    done = check(instance, **arguments)
                    if inspect.isawaitable(done):
                        runner.run(_awaited(done))
                except pytest.skip.Exception:
                    continue
                except (Exception, pytest.fail.Exception):  # noqa: BLE001 - whatever it is
                    failed.add(name)
    return failed


async def _awaited(done: Any) -> None:
    await done


def _arguments(check: Any) -> list[dict[str, Any]]:
    for mark in getattr(check, "pytestmark", ()):
        if mark.name == "parametrize":
            name, values = mark.args[:2]
            return [{name: value} for value in values]
    return [{}]
