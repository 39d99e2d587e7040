"""An exhaustive check of the lifecycle machine: all reachable contexts, all events, all invariants.

`check()` walks through everything the machine can do, which takes seconds, and raises `Violation` with the shortest
series of events that breaks an invariant. Whoever changes the machine changes `listed` and `expected` with it, runs
`python -m tests.model_check`, and adds one more flaw to tests/core/test_mutants.py: a check is worth what it
finds.

The invariants also judge single steps (`OF_STEPS`) and contexts (`OF_CONTEXTS`), so a simulation can use them too.
"""

from tests.model_check.alphabet import ALPHABET
from tests.model_check.contexts import OF_CONTEXTS
from tests.model_check.explore import SMALL, Report, Violation, check
from tests.model_check.futures import OF_FUTURES
from tests.model_check.kernel import KERNEL, Kernel, Patch, patched
from tests.model_check.notation import action_text, context_text, event_text, situation
from tests.model_check.steps import OF_STEPS
from tests.model_check.taken import Taken, is_parked
from tests.model_check.walk import walk

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
