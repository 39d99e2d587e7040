"""The public interface: names that exist, the same verbs in both stores, types that callers can import."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import typing
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

import mcpstore
from mcpstore import AsyncMCPStore, MCPStore
from mcpstore.store import AsyncServiceContext, ServiceContext

ROOT = Path(__file__).parents[2]
SOURCES = [path for root in ("core", "plugins") for path in (ROOT / root).rglob("*.py")]

PACKAGES = ["mcpstore", "mcpstore.monitoring", "mcpstore.hooks", "mcpstore.store", "mcpstore.wire", "mcpstore.errors"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_in_all_exists(package):
    module = importlib.import_module(package)
    assert module.__all__
    for name in module.__all__:
        assert getattr(module, name) is not None
        assert name in dir(module)


@pytest.mark.parametrize("package", ["mcpstore", "mcpstore.monitoring"])
def test_an_unknown_name_raises_an_ordinary_error(package):
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nonsense'"):
        getattr(importlib.import_module(package), "nonsense")  # noqa: B009 - the attribute is what is asked for


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("mcpstore", "MCPStore"),
        ("mcpstore.core.models.service", "ServiceConnectionState ServiceStatus StateMetadata"),
        ("mcpstore.dependencies", "ServiceDependencyManager"),
        ("mcpstore.monitoring", "AlertConfig AlertLevel AlertManager AlertRule MonitoringConfig SystemMetrics"),
        ("mcpstore.monitoring", "MonitoringDashboard MonitoringExporter ServicePerformanceMonitor"),
        ("mcpstore.monitoring", "console_alert_handler email_alert_handler"),
        ("mcpstore.recovery", "ServiceAutoRecovery manual_recovery_toolkit"),
        (
            "mcpstore.states",
            "HealthStatusBridge ToolsUpdateMonitor UnifiedServiceStateManager handle_health_check_result_enhanced",
        ),
    ],
)
def test_the_import_paths_of_the_specification_work(path, names):
    module = importlib.import_module(path)
    for name in names.split():
        assert name in module.__all__
        assert callable(getattr(module, name))
    if path != "mcpstore":
        assert "specification" in module.__doc__.partition("\n")[0]


def strings(path: Path) -> Iterator[str]:
    """Yield the strings of a module that are no names of loggers."""
    tree = ast.parse(path.read_text("utf-8"))
    loggers = {
        id(call.args[0])
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and getattr(call.func, "attr", None) == "getLogger" and call.args
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in loggers:
            yield node.value


def test_every_module_that_is_named_as_a_string_exists():
    wrong = []
    for path in SOURCES:
        for text in strings(path):
            module = re.fullmatch(r"(mcpstore(?:_plugins)?\.[a-z_0-9]+)(?:\.[a-z_0-9]+)*", text)
            # Names of metrics and of settings look alike, but do not begin with a package of ours.
            if module is not None and exists(module[1]) and not exists(module[0]):
                wrong.append(f"{path.relative_to(ROOT)}: {text}")
    assert wrong == []


def exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize("path", [path for path in SOURCES if "_MODULES = {" in path.read_text("utf-8")])
def test_each_lazy_name_is_in_the_module_that_its_table_names(path):
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    module = importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    assert set(module._MODULES) <= set(module.__all__)
    for name, home in module._MODULES.items():
        assert hasattr(importlib.import_module(home), name), name


def types_in(hint: object) -> Iterator[type]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if isinstance(origin or hint, type):
        yield origin or hint
    for argument in arguments:
        for one in argument if isinstance(argument, list) else (argument,):
            yield from types_in(one)


def test_every_type_of_the_public_interface_can_be_imported_from_the_package():
    missing, seen = set(), set()

    def visit(thing: object) -> None:
        for hint in typing.get_type_hints(thing).values():
            for kind in set(types_in(hint)) - seen:
                seen.add(kind)
                if kind.__module__.startswith("mcpstore"):
                    if getattr(mcpstore, kind.__name__, None) is not kind:
                        missing.add(kind.__name__)
                    if attrs.has(kind):
                        visit(kind)

    for store in (MCPStore, AsyncMCPStore):
        visit(store.__init__)
        for name in verbs(store):
            visit(getattr(store, name))
    assert missing == set()


def test_all_is_sorted_and_lists_what_type_checkers_see():
    tree = ast.parse(Path(mcpstore.__file__).read_text("utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    imported = {alias.name for node in block.body for alias in node.names}
    assert imported == set(mcpstore._MODULES) == set(mcpstore.__all__) - {"__version__"}
    assert sorted(mcpstore.__all__) == mcpstore.__all__


def verbs(kind: type) -> dict[str, inspect.Signature]:
    by_name = {}
    for name in dir(kind):
        member = inspect.getattr_static(kind, name)
        if name.startswith("_") or not inspect.isfunction(member):
            continue
        by_name[name] = inspect.signature(member)
    return by_name


def written(signature: inspect.Signature) -> list[tuple[str, object, object]]:
    return [(p.name, p.kind, p.default) for p in signature.parameters.values()]


@pytest.mark.parametrize(
    ("sync", "wrapped", "only_async"),
    [(ServiceContext, AsyncServiceContext, set()), (MCPStore, AsyncMCPStore, {"open"})],
    ids=["contexts", "stores"],
)
def test_both_interfaces_have_the_same_verbs(sync, wrapped, only_async):
    ours, theirs = verbs(sync), verbs(wrapped)
    assert set(theirs) - set(ours) == only_async
    assert set(ours) - set(theirs) == set()
    for name, signature in ours.items():
        assert written(signature) == written(theirs[name]), name
        assert inspect.getdoc(getattr(sync, name)), name


def test_both_stores_are_constructed_in_the_same_way():
    assert written(inspect.signature(MCPStore)) == written(inspect.signature(AsyncMCPStore))


def test_every_verb_has_annotations():
    for kind in (MCPStore, AsyncMCPStore):
        for name, signature in verbs(kind).items():
            hints = typing.get_type_hints(getattr(kind, name))
            assert set(hints) >= {*signature.parameters, "return"} - {"self", "args", "kwargs"}, name


def test_the_version_is_the_installed_one():
    assert importlib.import_module("importlib.metadata").version("mcpstore-manager") == mcpstore.__version__
