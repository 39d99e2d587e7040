"""The tests of the configuration store and of the framing are worth what they notice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .flaws import CONFIG_STORE, FRAMING

TESTS = Path(__file__).parents[1]


@pytest.mark.timeout(300)
def test_every_flaw_of_the_configuration_store_and_of_the_framing_is_noticed():
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(
        [sys.executable, "-m", "mutants.proving"], capture_output=True, text=True, env=environment, cwd=TESTS.parent
    )
    outcomes = {said["flaw"]: said["outcome"] for said in map(json.loads, done.stdout.splitlines())}

    assert outcomes.pop("sound") == "survived", done.stderr
    assert outcomes == {flaw.name: "killed" for flaw in (*CONFIG_STORE, *FRAMING)}


def test_the_flaws_are_many_and_differ():
    assert len(CONFIG_STORE) >= 10
    assert len(FRAMING) >= 10
    assert len({flaw.name for flaw in (*CONFIG_STORE, *FRAMING)}) == len(CONFIG_STORE) + len(FRAMING)
