"""Simulations are reproducible by seed on every machine; their findings can be repeated."""

from __future__ import annotations

import os
import random
import re
import shlex
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from tests.simulation import KINDS, Behaviour, Plan, World, simulate
from tests.simulation.__main__ import main
from tests.simulation.adversary import AIMS, climb
from tests.simulation.worlds import DOWN, GOOD

from .flaws import FLAWS, fleet

pytestmark = pytest.mark.timeout(600)  # all computing: a busy machine takes its time

ROOT = Path(__file__).parents[2]

MIXED = Plan(services=len(KINDS), days=0.1, orders=20.0, happenings=40.0)
"""All kinds of worlds together, for a short time."""


def test_a_mixed_fleet_breaks_no_promise_under_faults():
    result = simulate(MIXED)

    assert result.broken is None, result.broken
    assert result.events > 3000
    assert set(result.scores["openings"]) == {f"s{number:03}" for number in range(len(KINDS))}


def test_the_same_seed_gives_the_same_events_in_every_process():
    command = "from tests.simulation import *; from tests.simulation.test_simulation import MIXED; "
    command += "print(simulate(MIXED).hash)"
    hashes = {simulate(MIXED).hash}
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        hashes.add(done.stdout.strip())

    assert len(hashes) == 1


def test_a_different_seed_gives_different_events():
    one, other = (simulate(Plan(seed=seed, services=4, days=0.02)).hash for seed in (1, 2))

    assert one != other


def test_a_broken_promise_is_reported_with_the_command_that_reproduces_it(monkeypatch, capsys):
    flaw = next(flaw for flaw in FLAWS if flaw.name == "the timer of a retry is not armed")
    flaw.put_in(monkeypatch)
    plan = flaw.plan.command.removeprefix("nox -s simulate -- ")

    assert main(shlex.split(plan)) == 1
    first = capsys.readouterr().out
    again = re.search(r"play it again:\n +nox -s simulate -- (.*)\n", first)
    assert main(shlex.split(again[1])) == 1

    assert capsys.readouterr().out == first
    assert "I3: service 's0" in first
    assert "it is stuck in reconnecting (waiting for the timer 'retry')" in first
    assert "Closed -> reconnecting retry 1" in first


def test_a_large_fleet_is_divided_into_fleets_with_their_own_seeds(capsys):
    assert main(["--services", "5", "--fleet", "2", "--days", "0.02", "--seed", "7", "-v"]) == 0

    output = capsys.readouterr().out
    assert [int(seed) for seed in re.findall(r"seed (\d+):", output)] == [7, 8, 9]
    assert "5 services for 0.02 days in 3 fleets" in output
    assert "no promise broken" in output


def test_several_processes_give_the_same_result(capsys):
    arguments = ["--services", "4", "--fleet", "2", "--days", "0.02"]
    messages = []
    for processes in ("1", "2"):
        assert main([*arguments, "--processes", processes]) == 0
        messages.append(re.search(r"hash \w+", capsys.readouterr().out)[0])

    assert messages[0] == messages[1]


def test_services_that_fail_together_recover_together():
    down = World("outage", [(0.0, GOOD), (3600.0, DOWN), (3660.0, GOOD)])
    worlds = {f"s{number:03}": down for number in range(200)}

    result = simulate(Plan(services=200, days=0.1, orders=0.0, happenings=0.0, interval=300.0), worlds)

    assert result.broken is None, result.broken
    assert max(result.scores["slowest recovery"].values()) <= 60  # as long as the outage at most


def test_one_short_outage_a_day_costs_one_attempt_each():
    result = simulate(fleet("blips", services=1, days=7, interval=300.0))

    assert result.broken is None, result.broken
    assert all(openings <= 8 for openings in result.scores["openings"].values())
    assert min(result.scores["availability"].values()) > 99.99


def test_a_slow_server_is_never_reopened():
    result = simulate(fleet("slow", services=2, days=0.5))

    assert result.scores["openings"] == {"s000": 1, "s001": 1}


def test_a_night_of_suspend_costs_only_the_connections_that_the_servers_dropped():
    result = simulate(Plan(services=10, days=0.4, kinds=("perfect",), orders=0.0, happenings=30.0))

    assert result.broken is None, result.broken
    assert 10 < sum(result.scores["openings"].values()) < 200


def test_a_dead_connection_that_outlives_an_outage_is_detected_before_the_cool_down_begins():
    # Losses come in bursts, so that the budget is used up when a suspend silently kills connections. Their silence is
    # ignored while most services are silent, and then causes the longest cool-down, although all servers are good.
    dice = random.Random(2)

    def bursts() -> World:
        phases, begin = [(0.0, GOOD)], dice.uniform(600, 3000)
        while begin < 0.4 * 86_400:
            phases += [(begin + 80 * n, attrs.evolve(GOOD, cuts=True)) for n in range(6)]
            begin += dice.uniform(900, 1800)
        return World("bursts", phases)

    worlds = {f"s{number:02}": bursts() for number in range(8)}
    plan = Plan(seed=2, services=8, days=0.4, interval=300.0, orders=0.0, happenings=30.0)
    result = simulate(plan, worlds)

    assert result.broken is None, result.broken


@pytest.mark.parametrize("aim", AIMS, ids=lambda aim: aim.figure.replace(" ", "-"))
def test_the_worst_world_of_an_adversary_breaks_no_promise(aim):
    result = climb(aim, rounds=2, seed=1)

    assert result.broken is None, result
    assert result.value > 0
    assert result.tried == 24
    assert aim.figure in str(result)


def test_an_adversary_detects_flaws(monkeypatch):
    next(flaw for flaw in FLAWS if flaw.name.startswith("a connect that succeeds clears")).put_in(monkeypatch)

    result = climb(AIMS[1], rounds=2, seed=1)

    assert result.broken is not None
    assert result.broken.invariant == "I9"
    assert result.moves


def test_a_world_reports_since_when_it_is_good():
    silent = Behaviour(answers=None)
    world = World("", [(0.0, GOOD), (10.0, DOWN), (20.0, GOOD), (30.0, Behaviour(answers=3.0)), (40.0, silent)])

    assert world.good_since(5.0) == 0.0
    assert world.good_since(15.0) is None
    assert world.good_since(35.0) == 20.0
    assert world.silent_since(35.0) is None
    assert world.silent_since(45.0) == 40.0
    assert world.cut_after(5.0) == 10.0
    assert world.cut_after(10.0) is None
