"""Every part of the benchmark runs, in a size that takes seconds; a part that fails costs no other."""

from __future__ import annotations

import json
from importlib import import_module

import pytest

from tests.bench import __main__ as bench
from tests.bench.result import Result

TINY = {
    "import": {"importing": {"ROUNDS": 1}},
    "kernel": {"kernel": {"STEPS": 100, "TOOLS": 3, "LISTS": 10}},
    "call": {"calling": {"ROUNDS": 1, "SEQUENTIAL": 3, "CONCURRENT": 32}},
    "fleet": {"fleets": {"FLEET": 2, "HEAVY_ROUNDS": 1, "LIGHT_ROUNDS": 1}},
    "memory": {"memory": {"FLEET": 2, "IDLE": 5}},
    "processes": {"processes": {"POLITE": 4, "STUBBORN": 1}},
    "plugins": {"plugins": {"ROUNDS": 1, "PLUGINS": 5}},
    "monitoring": {
        "monitoring": {
            "ROUNDS": 1, "CALLS": 2, "SERVICES": 2, "COUNTED": 100, "BATCHES": 2, "QUERIES": 1, "METERS": 1,
            "METER_CALLS": 10, "METER_CHECKS": 5,
        }
    },
}  # fmt: skip


@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", bench.PARTS)
def test_every_part_can_be_measured(part, monkeypatch, capfd):
    for module, sizes in TINY[part].items():
        for name, size in sizes.items():
            monkeypatch.setattr(import_module(f"tests.bench.{module}"), name, size)

    assert bench.main([part, "--json"]) == 0, capfd.readouterr()
    results = json.loads(capfd.readouterr().out)
    assert results
    assert all(result["what"] and result["ours"] for result in results)


def test_a_failed_part_affects_no_other(monkeypatch, capfd):
    def broken(_folder):
        raise RuntimeError("no such function")

    monkeypatch.setattr(bench, "PARTS", {"broken": broken, "good": lambda _folder: [Result(what="it", ours="1 s")]})

    assert bench.main(["--json"]) == 1
    failed, good = json.loads(capfd.readouterr().out)
    assert (failed["is_failed"], failed["ours"]) == (True, "RuntimeError('no such function')")
    assert (good["is_failed"], good["ours"]) == (False, "1 s")
    assert bench.main([]) == 1
    table = capfd.readouterr().out
    assert "broken: the measurement failed" in table
    assert "1 s" in table
    assert bench.main(["good"]) == 0


def test_an_unknown_part_is_refused_with_the_known_ones(capfd):
    with pytest.raises(SystemExit, match="2"):
        bench.main(["nonsense"])

    assert "unknown part nonsense; choose from import, kernel, " in capfd.readouterr().err
