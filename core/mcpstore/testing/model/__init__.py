"""An exhaustive check of the lifecycle machine: all reachable contexts, all events, all invariants.

`check()` walks through everything the machine can do, which takes seconds, and raises `Violation` with the shortest
series of events that breaks an invariant. Whoever changes the machine changes `listed` and `expected` with it, runs
`python -m mcpstore.testing.model`, and adds one more flaw to tests/core/test_mutants.py: a check is worth what it
finds.

The invariants also judge single steps (`OF_STEPS`) and contexts (`OF_CONTEXTS`), so a simulation can use them too.
"""

from mcpstore.testing.model.alphabet import ALPHABET
from mcpstore.testing.model.contexts import OF_CONTEXTS
from mcpstore.testing.model.explore import SMALL, Report, Violation, check
from mcpstore.testing.model.futures import OF_FUTURES
from mcpstore.testing.model.kernel import KERNEL, Kernel, Patch, patched
from mcpstore.testing.model.notation import action_text, context_text, event_text, situation
from mcpstore.testing.model.steps import OF_STEPS
from mcpstore.testing.model.taken import Taken, is_parked
from mcpstore.testing.model.walk import walk

__all__ = [
    "ALPHABET",
    "KERNEL",
    "OF_CONTEXTS",
    "OF_FUTURES",
    "OF_STEPS",
    "SMALL",
    "Kernel",
    "Patch",
    "Report",
    "Taken",
    "Violation",
    "action_text",
    "check",
    "context_text",
    "event_text",
    "is_parked",
    "patched",
    "situation",
    "walk",
]
