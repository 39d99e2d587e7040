"""Every figure can be measured, in a size that takes only seconds."""

from __future__ import annotations

import json
from importlib import import_module

import pytest

from tests.figures import __main__ as figures
from tests.figures import flawed
from tests.figures.catalog import FIGURES

CANARIES = "tests/cli/test_canaries.py"
TINY = {
    "trees": {"processes": {"TREES": 3}, "bench": {"POLITE": 4, "STUBBORN": 1}},
    "kills": {"processes": {"KILLS": 1}},
    "fleet": {"fleet": {"FLEET": 2, "COST": 0.05}},
    "respawns": {"simulated": {"DYING": 1, "DYING_DAYS": 0.1}},
    "healing": {"simulated": {"HEALING": 3}},
    "false-restarts": {"health": {"DAY": 1800.0}},
    "noticing": {"health": {"KILLED": 2, "SILENCED": 2}},
    "drop": {"simulated": {"DROPPED": 5}},
    "torn": {"files": {"EDITS": 2, "KINDS": ["pins"]}},
    "alerts": {"simulated": {"ALERTING": 6}},
    "flood": {"floods": {"FRAMES": (1, 2), "STREAMS": (1, 2)}},
    "flaws": {
        "flawed": {
            name: getattr(flawed, name)[:1]
            for name in ("KERNEL_FLAWS", "ALERT_FLAWS", "RUNTIME_FLAWS", "CONFIG_STORE", "FRAMING")
        }
    },
    "coverage": {"flawed": {"KERNEL_TESTS": ("tests/models/test_duration.py",)}},
    "soak": {"soaking": {"SERVICES": 8, "MINUTES": 0.01, "MORE": ("--acts", "5", "--pause", "0.05")}},
    "secrets": {"secrets": {"TESTS": f"{CANARIES}::test_no_secret_appears_in_any_output_without_a_manager"}},
}
LONG = {"coverage"}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [figure.name for figure in FIGURES])
def test_every_figure_can_be_measured(name, monkeypatch, capfd):
    for module, sizes in TINY[name].items():
        path = "tests.bench.processes" if module == "bench" else f"tests.figures.{module}"
        for constant, size in sizes.items():
            monkeypatch.setattr(import_module(path), constant, size)
    flags = ["--long"] if name in LONG else []

    figures.main([name, "--json", *flags])
    output, errors = capfd.readouterr()
    (measured,) = json.loads(output)
    assert measured["figure"] == name
    assert measured["parts"]
    assert all(part["what"] != "it could not be measured" for part in measured["parts"]), errors
