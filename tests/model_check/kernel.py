"""The machine under examination: the one MCPStore runs, or a copy of it with a flaw put in on purpose."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Final

import attrs

from mcpstore.core import context, lifecycle
from mcpstore.core.actions import Action
from mcpstore.core.context import Context, Limits
from mcpstore.core.events import Event
from mcpstore.core.lifecycle import Row
from mcpstore.models.service import ServiceStatus

__all__ = ["KERNEL", "Kernel", "Patch", "patched"]


@attrs.frozen(kw_only=True)
class Kernel:
    """What a check needs of the lifecycle machine.

    Attributes:
        step: Takes one step.
        table: The rows it decides by.
        run_status: Derives the run status.
    """

    step: Callable[[Context, Event, Limits], tuple[Context, tuple[Action, ...]]]
    table: Sequence[Row]
    run_status: Callable[[Context], ServiceStatus]

    def row(self, ctx: Context, event: Event, limits: Limits) -> Row | None:
        """Return the row that answers an event, if one does."""
        return next((r for r in self.table if r.event is type(event) and r.when(ctx, event, limits)), None)


KERNEL: Final = Kernel(step=lifecycle.step, table=lifecycle.TABLE, run_status=context.run_status)
"""The machine MCPStore runs."""


@attrs.frozen
class Patch:
    """A change of one module of the kernel.

    Attributes:
        module: `lifecycle`, `transition`, `guards` or `context`.
        old: Text that stands in the module exactly once.
        new: Text that takes its place.
    """

    module: str
    old: str
    new: str


_ALIAS: Final = "mcpstore_patched_kernel"
_RELOADED: Final = ("guards", "transition", "lifecycle")  # in the order in which they import each other


def patched(*patches: Patch) -> Kernel:
    """Return a copy of the kernel with changed source text; the real modules stay as they are.

    Nothing is written to disk. Of `context` only `run_status` may be patched: its classes are shared with the real
    kernel, so that contexts of both can be compared.

    Raises:
        ValueError: The text to replace does not stand in the module exactly once.
    """
    sources = {name: _source(f"mcpstore.core.{name}") for name in ("context", *_RELOADED)}
    for patch in patches:
        count = sources[patch.module].count(patch.old)
        if count != 1:
            raise ValueError(f"text to replace stands {count} times in {patch.module}; it must be once: {patch.old!r}")
        sources[patch.module] = sources[patch.module].replace(patch.old, patch.new)
    loaded = _load(sources)
    # the other globals of `context` stay the real ones, so `run_status` compares with the real enums
    namespace: dict[str, Any] = dict(vars(context))
    head, _, body = sources["context"].partition("\ndef run_status(")
    first_line = head.count("\n") + 1
    exec(compile("\n" * first_line + "def run_status(" + body, context.__file__, "exec"), namespace)
    return Kernel(step=loaded["step"], table=loaded["TABLE"], run_status=namespace["run_status"])


def _load(sources: Mapping[str, str]) -> dict[str, Any]:
    names = {name: f"{_ALIAS}.{name}" for name in _RELOADED}
    try:
        sys.modules[_ALIAS] = package = ModuleType(_ALIAS)
        for name, alias in names.items():
            text = sources[name].replace("from mcpstore.core import guards", f"from {_ALIAS} import guards")
            for other in _RELOADED:
                text = text.replace(f"from mcpstore.core.{other} import", f"from {_ALIAS}.{other} import")
            module = sys.modules[alias] = ModuleType(alias)
            exec(compile(text, f"<patched {name}.py>", "exec"), vars(module))
            setattr(package, name, module)
        return dict(vars(sys.modules[names["lifecycle"]]))
    finally:
        for alias in (_ALIAS, *names.values()):
            with suppress(KeyError):
                del sys.modules[alias]


def _source(module: str) -> str:
    spec = find_spec(module)
    loader: Any = spec.loader if spec else None
    return str(loader.get_source(module))
