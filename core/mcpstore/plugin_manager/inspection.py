"""Inspection of a plugin before it is used: its hooks, its offers, and its version of the hook API."""

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
"""Attribute of a plugin with the versions of the hook API it supports, such as ">=1.0,<2"."""


@attrs.frozen(kw_only=True)
class PluginContents:
    """Hooks and offers of a plugin.

    Attributes:
        hooks: Its hook functions and the names of their arguments, by name of the hook.
        offers: Its offers, by kind.
        api: Versions of the hook API it supports; None if it does not state them.
        warnings: Messages about deprecated hooks and arguments it uses.
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
    """Return the hooks and offers of a plugin.

    Args:
        name: Name of the plugin.
        plugin: Module or instance.
        limit: Maximum duration of each hook that returns offers, in seconds.
        specifications: Hook specifications.
        deprecated: Deprecated hooks and arguments ("hook:argument"), with what to use instead.

    Raises:
        BaseException: A hook or an offer is invalid, or the plugin raises.
    """
    if inspect.isclass(plugin):
        raise TypeError(f"the entry point must name a module or an instance, got the class {plugin.__name__}; add ()")
    api = _stated_api(name, plugin)
    hooks = _hooks(name, plugin, specifications)
    return PluginContents(
        hooks=hooks,
        offers={kind.name: _collect(name, hooks, kind, limit) for kind in PLUGIN_KINDS.values()},
        api=api,
        warnings=tuple(
            f"{used} is deprecated; {instead}"
            for hook, (_, arguments) in hooks.items()
            for used in (hook, *(f"{hook}:{argument}" for argument in arguments))
            if (instead := deprecated.get(used)) is not None
        ),
    )


def _stated_api(name: str, plugin: object) -> str | None:
    versions: object = getattr(plugin, API_ATTRIBUTE, None)
    if versions is None:
        return None
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # noqa: PLC0415 - few plugins state it

    try:
        is_supported = isinstance(versions, str) and SpecifierSet(versions).contains(API_VERSION)
    except InvalidSpecifier:
        raise PluginError(name, f"has an invalid {API_ATTRIBUTE} (got {versions!r}); use '>=1.0,<2'") from None
    if not isinstance(versions, str):
        kind = type(versions).__name__
        raise PluginError(name, f"has an invalid {API_ATTRIBUTE} (got {kind}); use a string such as '>=1.0,<2'")
    if not is_supported:
        raise PluginError(
            name,
            f"needs version {versions} of the hook API (got {API_VERSION}); upgrade the plugin or mcpstore-manager",
        )
    return versions


def _hooks(name: str, plugin: object, specifications: Any) -> dict[str, tuple[Callable[..., Any], tuple[str, ...]]]:
    """Return the hooks that a plugin implements, validated by pluggy."""
    manager = pluggy.PluginManager(PROJECT_NAME)  # one for each plugin, so that errors belong to it
    manager.add_hookspecs(specifications)
    _check_names(name, plugin, manager)
    try:
        manager.register(plugin, name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise TypeError(" ".join(str(error).split())) from None
    hooks: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {}
    for caller in manager.get_hookcallers(plugin) or ():
        for implementation in caller.get_hookimpls():
            if implementation.wrapper or implementation.hookwrapper:
                raise TypeError(f"{caller.name} must not be a wrapper; remove wrapper=True")
            hooks[caller.name] = (implementation.function, tuple(implementation.argnames))
    return hooks


def _check_names(name: str, plugin: object, manager: pluggy.PluginManager) -> None:
    """Check that the hooks of a plugin and their arguments exist; pluggy's own messages contain no suggestions."""
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
        arguments = pluggy.HookImpl(plugin, name, getattr(plugin, attribute), options).argnames
        for argument in (argument for argument in arguments if argument not in known[hook]):
            similar = _most_similar(argument, known[hook])
            raise PluginError(
                name,
                f"implements {hook!r} with the unknown argument {argument!r};"
                + (f" did you mean {similar!r}?" if similar else "")
                + f" known arguments: {', '.join(known[hook]) or 'none'}",
            )


def _unknown_hook(hook: str, known: Mapping[str, Sequence[str]]) -> str:
    prefix = f"{PROJECT_NAME}_"
    similar = _most_similar(hook.removeprefix(prefix), [each.removeprefix(prefix) for each in known])
    if similar is None:
        remedy = f"known hooks of version {API_VERSION}: {', '.join(sorted(known))}"
    else:
        remedy = f"did you mean {prefix}{similar}({', '.join(known[prefix + similar])})?"
    return f"implements the unknown hook {hook!r}; {remedy}"


def _most_similar(name: str, known: Collection[str]) -> str | None:
    return next(iter(difflib.get_close_matches(name, known, n=1)), None)


def _collect(
    name: str, hooks: Mapping[str, tuple[Callable[..., Any], tuple[str, ...]]], kind: PluginKind, limit: float
) -> Sequence[Any]:
    if kind.hook not in hooks:
        return ()
    function, _ = hooks[kind.hook]
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{kind.hook} must be a plain function (got an async one); remove 'async'")
    # The list is built in the thread, because a generator raises only when it is iterated.
    records = run_with_timeout(lambda: list(function()), limit, f"mcpstore-offers-{name}")
    for record in records:
        if not isinstance(record, kind.record):
            expected = kind.record.__name__
            raise TypeError(f"{kind.hook} must return {expected} records (got {type(record).__name__})")
        if not record.name or not isinstance(record.name, str):
            raise TypeError(f"{kind.hook} must return records with a name (got {record.name!r})")
    return records
