"""A program that puts each flaw in and runs the tests that must notice: `python -m mutants.proving`.

Everything heavy is imported once; each flaw gets a forked process, in which the modules under examination are imported
anew, with the flaw. Prints a line of JSON for each flaw: its name, and what became of the tests.
"""

from __future__ import annotations

import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

import pytest

from mutants.flaws import CONFIG_STORE, FRAMING, Flaw

SOUND = "sound"
EXAMINED = ("mcpstore_plugins.mcp_json", "mcpstore.storage", "mcpstore.wire")
PATIENCE = 10
"""Seconds a test may take: a flaw may make it wait for ever."""

KILLED, SURVIVED, NOT_PUT_IN = 10, 11, 12


class Inserter(MetaPathFinder, Loader):
    """Imports one module with a flaw."""

    def __init__(self, flaw: Flaw) -> None:
        self.flaw = flaw
        self.is_in = False

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != self.flaw.module:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None:
            self.origin, spec.loader = spec.loader, self
        return spec

    def exec_module(self, module: ModuleType) -> None:
        loader: Any = self.origin
        source = loader.get_source(self.flaw.module)
        if source.count(self.flaw.old) != 1:
            os._exit(NOT_PUT_IN)
        exec(compile(source.replace(self.flaw.old, self.flaw.new), module.__file__ or "", "exec"), vars(module))
        self.is_in = True


def judged(flaw: Flaw, tests: list[str]) -> int:
    """Run tests in a forked process; return how it ended."""
    pid = os.fork()
    if pid == 0:
        inserter = Inserter(flaw)
        sys.meta_path.insert(0, inserter)
        for name in [name for name in sys.modules if name.startswith(EXAMINED)]:
            del sys.modules[name]
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            code = pytest.main(
                [
                    "-x",
                    "-q",
                    "-p",
                    "no:cacheprovider",
                    "-p",
                    "no:randomly",
                    "-W",
                    "ignore",
                    "-o",
                    f"timeout={PATIENCE}",
                    *tests,
                ]
            )
        if flaw.name != SOUND and not inserter.is_in:
            os._exit(NOT_PUT_IN)
        os._exit(SURVIVED if code == pytest.ExitCode.OK else KILLED if code == pytest.ExitCode.TESTS_FAILED else code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


WORDS = {KILLED: "killed", SURVIVED: "survived", NOT_PUT_IN: "its text does not stand in the module exactly once"}


def main() -> None:
    """Prove every flaw, and that the same tests pass without one."""
    flaws = (*CONFIG_STORE, *FRAMING)
    chosen = [flaw for flaw in flaws if not sys.argv[1:] or flaw.name in sys.argv[1:]]
    sound = Flaw(SOUND, "", "", "", "")
    ended = judged(
        sound, sorted({flaw.tests for flaw in chosen})
    )  # also imports nothing here that a flaw must not meet
    print(json.dumps({"flaw": SOUND, "outcome": WORDS.get(ended, str(ended))}), flush=True)
    for flaw in chosen:
        ended = judged(flaw, [flaw.tests])
        print(json.dumps({"flaw": flaw.name, "outcome": WORDS.get(ended, f"pytest ended with {ended}")}), flush=True)


if __name__ == "__main__":
    import hypothesis  # noqa: F401 - imported once, not for every flaw
    import pydantic  # noqa: F401
    import stevedore  # noqa: F401

    import mcpstore.errors
    import mcpstore.hooks  # noqa: F401

    main()
