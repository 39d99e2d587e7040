"""What the package promises: names that exist, twins that are twins, records that are plain."""

from __future__ import annotations

import importlib
import inspect
import typing

import pytest

import mcpstore
from mcpstore import AsyncMCPStore, MCPStore
from mcpstore.store import AsyncServiceContext, ServiceContext

PACKAGES = ["mcpstore", "mcpstore.monitoring", "mcpstore.hooks", "mcpstore.store", "mcpstore.wire", "mcpstore.errors"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_that_is_offered_exists(package):
    module = importlib.import_module(package)
    assert module.__all__
    for name in module.__all__:
        assert getattr(module, name) is not None
        assert name in dir(module)


@pytest.mark.parametrize("package", ["mcpstore", "mcpstore.monitoring"])
def test_a_name_that_is_not_offered_is_an_ordinary_error(package):
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nonsense'"):
        getattr(importlib.import_module(package), "nonsense")  # noqa: B009 - the attribute is what is asked for


def verbs(kind: type) -> dict[str, inspect.Signature]:
    found = {}
    for name in dir(kind):
        member = inspect.getattr_static(kind, name)
        if name.startswith("_") or not inspect.isfunction(member):
            continue
        found[name] = inspect.signature(member)
    return found


def written(signature: inspect.Signature) -> list[tuple[str, object, object]]:
    return [(p.name, p.kind, p.default) for p in signature.parameters.values()]


@pytest.mark.parametrize(
    ("sync", "twin", "only_async"),
    [(ServiceContext, AsyncServiceContext, set()), (MCPStore, AsyncMCPStore, {"open"})],
    ids=["contexts", "stores"],
)
def test_both_faces_have_the_same_verbs(sync, twin, only_async):
    ours, theirs = verbs(sync), verbs(twin)
    assert set(theirs) - set(ours) == only_async
    assert set(ours) - set(theirs) == set()
    for name, signature in ours.items():
        assert written(signature) == written(theirs[name]), name
        assert inspect.getdoc(getattr(sync, name)), name


def test_both_stores_are_made_in_the_same_way():
    assert written(inspect.signature(MCPStore)) == written(inspect.signature(AsyncMCPStore))


def test_every_verb_says_what_it_takes_and_returns():
    for kind in (MCPStore, AsyncMCPStore):
        for name, signature in verbs(kind).items():
            hints = typing.get_type_hints(getattr(kind, name))
            assert set(hints) >= {*signature.parameters, "return"} - {"self", "args", "kwargs"}, name


def test_the_version_is_the_one_that_is_installed():
    assert importlib.import_module("importlib.metadata").version("mcpstore-manager") == mcpstore.__version__
