"""What a plugin implements and offers, checked before anything of it is used."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import attrs
import pluggy

from mcpstore.concurrency.worker import run_with_timeout
from mcpstore.errors import PluginError
from mcpstore.hooks import specs
from mcpstore.hooks.markers import API_VERSION, DEPRECATED, PROJECT_NAME
from mcpstore.plugin_manager.kinds import PLUGIN_KINDS, PluginKind

__all__ = ["PluginContents", "inspect_plugin"]

API_ATTRIBUTE = "mcpstore_api"
"""Attribute with which a plugin states the versions of the hook API it can use, such as ">=1.0,<2"."""


@attrs.frozen(kw_only=True)
class PluginContents:
    """A plugin that can be used.

    Attributes:
        hooks: Its hook functions by name, with the arguments each wants.
        offers: The records it offers, by the word of their family.
        api: The versions of the hook API it can use, if it states them.
        warnings: What it uses that will go away.
    """

    hooks: dict[str, tuple[Callable[..., Any], tuple[str, ...]]]
    offers: dict[str, Sequence[Any]]
    api: str | None = None
    warnings: tuple[str, ...] = ()


def inspect_plugin(
    name: str,
    plugin: object,
    limit: float,
    *,
    specifications: Any = specs,
    deprecated: Mapping[str, str] = DEPRECATED,
) -> PluginContents:
    """Look at a plugin.

    Args:
        name: Its name.
        plugin: The module or instance.
        limit: Seconds each of its offering hooks may take.
        specifications: The hooks there are.
        deprecated: Hooks, and arguments as "hook:argument", that will go away, with what is used instead.

    Raises:
        BaseException: Something about it is wrong, or it raises.
    """
    if inspect.isclass(plugin):
        raise TypeError(f"the entry point must name a module or an instance, got the class {plugin.__name__}; add ()")
    api = _stated_api(name, plugin)
    hooks = _hooks(name, plugin, specifications)
    return PluginContents(
        hooks=hooks,
        offers={word: _collect(name, hooks, family, limit) for word, family in PLUGIN_KINDS.items()},
        api=api,
        warnings=tuple(
            f"{told} is deprecated; {instead}"
            for hook, (_, arguments) in hooks.items()
            for told in (hook, *(f"{hook}:{argument}" for argument in arguments))
            if (instead := deprecated.get(told)) is not None
        ),
    )


def _stated_api(name: str, plugin: object) -> str | None:
    wanted: object = getattr(plugin, API_ATTRIBUTE, None)
    if wanted is None:
        return None
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - few plugins state it

    try:
        fits = isinstance(wanted, str) and SpecifierSet(wanted).contains(API_VERSION)
    except InvalidSpecifier:
        raise PluginError(name, f"{API_ATTRIBUTE} must be versions such as '>=1.0,<2' (got {wanted!r})") from None
    if not isinstance(wanted, str):
        raise PluginError(name, f"{API_ATTRIBUTE} must be a text such as '>=1.0,<2' (got {type(wanted).__name__})")
    if not fits:
        raise PluginError(
            name,
            f"needs version {wanted} of the hook API (this is {API_VERSION}); upgrade the plugin or mcpstore-manager",
        )
    return wanted


def _hooks(name: str, plugin: object, specifications: Any) -> dict[str, tuple[Callable[..., Any], tuple[str, ...]]]:
    """Return the hooks a plugin implements, checked against their specifications by pluggy."""
    manager = pluggy.PluginManager(PROJECT_NAME)  # one per plugin, so that a fault is blamed on the right one
    manager.add_hookspecs(specifications)
    _check_names(name, plugin, manager)
    try:
        manager.register(plugin, name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise TypeError(" ".join(str(error).split())) from None
    found: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {}
    for caller in manager.get_hookcallers(plugin) or ():
        for implementation in caller.get_hookimpls():
            if implementation.wrapper or implementation.hookwrapper:
                raise TypeError(f"{caller.name} is a wrapper; hooks of {PROJECT_NAME} are called one by one")
            found[caller.name] = (implementation.function, tuple(implementation.argnames))
    return found


def _check_names(name: str, plugin: object, manager: pluggy.PluginManager) -> None:
    """Make sure that a plugin implements hooks there are, and wants arguments they have; pluggy would say less."""
    known = {hook: caller.spec.argnames for hook, caller in vars(manager.hook).items() if caller.spec is not None}
    for attribute in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is None:
            continue
        hook = options["specname"] or attribute
        if hook not in known:
            if not options["optionalhook"]:
                raise PluginError(name, _unknown_hook(hook, known))
            continue
        wanted = pluggy.HookImpl(plugin, name, getattr(plugin, attribute), options).argnames
        for argument in (argument for argument in wanted if argument not in known[hook]):
            near = _nearest(argument, known[hook])
            raise PluginError(
                name,
                f"implements {hook!r} with the argument {argument!r}, which it is not given"
                + (f"; did you mean {near!r}?" if near else ";")
                + f" it may take {', '.join(known[hook]) or 'no arguments'}",
            )


def _unknown_hook(hook: str, known: Mapping[str, Sequence[str]]) -> str:
    prefix = f"{PROJECT_NAME}_"
    near = _nearest(hook.removeprefix(prefix), [each.removeprefix(prefix) for each in known])
    if near is None:
        told = f"known hooks: {', '.join(sorted(known))}; this is version {API_VERSION} of the hook API"
    else:
        told = f"did you mean {prefix}{near}({', '.join(known[prefix + near])})?"
    return f"implements {hook!r}, and there is no such hook; {told}"


def _nearest(name: str, known: Collection[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, known, n=1)), None)


def _collect(
    name: str, hooks: Mapping[str, tuple[Callable[..., Any], tuple[str, ...]]], family: PluginKind, limit: float
) -> Sequence[Any]:
    if family.hook not in hooks:
        return ()
    function, _ = hooks[family.hook]
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{family.hook} must be a plain function; it is called once, when the plugin is loaded")
    # Consumed inside the guard: a generator raises only when somebody looks.
    records = run_with_timeout(lambda: list(function()), limit, f"mcpstore-offers-{name}")
    for record in records:
        if not isinstance(record, family.record):
            wanted = family.record.__name__
            raise TypeError(f"{family.hook} must return {wanted} records, got {type(record).__name__}")
        if not record.name or not isinstance(record.name, str):
            raise TypeError(f"{family.hook} returned a record without a name: {record.name!r}")
    return records
