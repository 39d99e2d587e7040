"""Description of the exit of a process."""

from __future__ import annotations

import pytest

from mcpstore_plugins.stdio.process import describe_exit


@pytest.mark.parametrize(
    ("code", "description"),
    [
        (0, ("exited with code 0", None)),
        (127, ("exited with code 127", None)),
        (-9, ("killed by SIGKILL", "SIGKILL")),
        (-11, ("killed by SIGSEGV", "SIGSEGV")),
        (-37, ("killed by signal 37", "signal 37")),
    ],
)
def test_an_exit_is_described_by_code_or_signal(code: int, description: tuple[str, str | None]):
    assert describe_exit(code) == description
