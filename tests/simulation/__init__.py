"""Deterministic simulation: months of a fleet in minutes of processor time, reproducible by seed."""

from tests.simulation.fleet import KINDS, Plan, Result, simulate
from tests.simulation.oracle import Broken, Oracle, Scene
from tests.simulation.worlds import Behaviour, Opening, World

__all__ = ["KINDS", "Behaviour", "Broken", "Opening", "Oracle", "Plan", "Result", "Scene", "World", "simulate"]
