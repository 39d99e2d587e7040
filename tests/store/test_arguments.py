"""Whatever a verb is given, it works, or raises an error of ours that names the argument; nothing comes from inside."""

from __future__ import annotations

import asyncio
import inspect
import math
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from mcpstore import MCPStore
from mcpstore.errors import ConfigError, InvalidArgument, MCPStoreError, NotFound
from mcpstore.store.arguments import describe

ODD: Mapping[str, Any] = {
    "None": None, "object": object(), "x": "x", "": "", "text of a number": "1", "a lone surrogate": "\ud800",
    "negative": -1, "0": 0, "nan": math.nan, "infinity": math.inf, "huge": 10**400, "tiny": -(10**400),
    "True": True, "bytes": b"x",
    "list": [], "list of odd things": [object(), None], "dictionary": {}, "odd keys": {object(): 1, 2: None},
    "a loop": (loop := [], loop.append(loop))[0], "type": type, "function": lambda *_: None,
    "an odd date": datetime.max,  # noqa: DTZ901 - a date without a zone is local time
    "a zero": "a\0b", "a long time": timedelta.max,
}  # fmt: skip

WELL: Mapping[str, Mapping[str, Any]] = {
    "add_service": {"config": {"name": "b", "transport": {"type": "scripted", "server": "a"}}},
    "approve_tools": {"name": "a"},
    "call_tool": {"name": "a/echo", "arguments": {}},
    "get_prompt": {"name": "greet"},
    "read_resource": {"uri": "file:///x"},
    "report_health": {"name": "a", "status": "healthy"},
    "test_alert_handler": {"name": "console"},
    "unsilence": {"id": "x"},
    "on_state_change": {"callback": lambda *_: None},
    "on_alert": {"callback": lambda *_: None},
    "for_agent": {"agent_id": "me"},
    "update_service": {"name": "a", "config": {"transport": {"type": "scripted", "server": "a"}}},
}
"""What else a verb needs; `name` is that of a service where nothing is said."""

NO_VERBS = {"setup_store", "close"}

CASES = [
    (verb, parameter.name)
    for verb, function in inspect.getmembers(MCPStore, inspect.isfunction)
    if not verb.startswith("_") and verb not in NO_VERBS
    for parameter in list(inspect.signature(function).parameters.values())[1:]
]


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """Write to unusual paths only where that disturbs no other test."""
    monkeypatch.chdir(tmp_path)


def call(store: Any, verb: str, argument: str, value: Any) -> None:
    """Call a verb with one odd argument, the others being as they should."""
    function = getattr(store, verb)
    positional, named = [], {}
    for parameter in inspect.signature(function).parameters.values():
        given = dict(WELL.get(verb, {"name": "a"}))
        if parameter.name == argument:
            given[argument] = value
        if parameter.name not in given:
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            named["odd"] = given[parameter.name]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
            positional.append(given[parameter.name])
        else:
            named[parameter.name] = given[parameter.name]
    function(*positional, **named)


@pytest.mark.parametrize("world", ["sync"], indirect=True)
@pytest.mark.parametrize(("verb", "argument"), CASES)
async def test_no_invalid_argument_reaches_the_inside(world, verb, argument):
    world.server("a", capabilities=("tools", "prompts", "resources"))
    config = {"mcpServers": {"a": world.entry("a", disabled=True)}}
    store = await world.open(config, monitoring_config={"enabled": False})
    names_it = False
    for what, value in ODD.items():
        if argument == "timeout" and what in ("None", "infinity", "0", "huge"):
            continue  # these are waits, and some are long
        try:
            async with asyncio.timeout(30):
                await asyncio.to_thread(call, store._inner, verb, argument, value)
        except MCPStoreError as error:
            message = str(error)
            names_it |= isinstance(error, InvalidArgument) and error.argument == argument
            names_it |= isinstance(error, ConfigError | NotFound) or argument in message
            assert "Traceback" not in message
            assert len(message) < 2000, message
    assert names_it, f"{verb} takes whatever it is given as {argument}"


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("config", object()), ("config", 5), ("monitoring_config", 5), ("monitoring_config", {"x": 1}),
        ("state_dir", 5), ("state_dir", object()), ("block_plugins", "ping"), ("block_plugins", 5),
        ("block_plugins", [None]), ("plugins", []), ("plugins", {1: object()}), ("start", "no"), ("start", None),
    ],
)  # fmt: skip
def test_a_store_refuses_invalid_arguments(tmp_path, argument, value):
    given = {"config": {"mcpServers": {}}, "state_dir": tmp_path / "state", argument: value}
    with pytest.raises(MCPStoreError, match=argument.replace("_", ".")):
        MCPStore(given.pop("config"), **given)


async def test_an_argument_error_is_a_type_error_a_value_error_and_an_mcpstore_error(world):
    store = await world.open({"mcpServers": {"a": world.entry("a", disabled=True)}})
    for kind in (MCPStoreError, TypeError, ValueError, InvalidArgument):
        with pytest.raises(kind, match=r"^timeout must be a number of seconds, not negative, or None \(got 'x'\)$"):
            await store.wait_service("a", timeout="x")


async def test_arguments_that_are_not_json_are_not_sent_to_a_tool(world):
    store = await world.open()
    server = {"command": sys.executable, "args": ["-m", "mcpstore.demo.server", "a"]}
    await store.add_service({"name": "a", **server}, wait=60)
    for arguments in ({"x": object()}, {"x": math.nan}, {"x": ODD["a loop"]}, {object(): 1}):
        with pytest.raises(InvalidArgument, match="^arguments cannot be written as JSON: "):
            await store.call_tool("greet", arguments)
    assert (await store.call_tool("greet", {"who": "you"})).text == "Hello, you!"


async def test_the_history_of_an_unknown_service_is_an_unknown_name(world):
    store = await world.open({"mcpServers": {"alpha": world.entry("alpha")}})
    for verb in (store.metrics_history, store.state_history, store.alert_history):
        with pytest.raises(NotFound, match="no service is called 'alpa'; did you mean 'alpha'"):
            await verb("alpa")
        assert isinstance(await verb("alpha"), list)
    assert await store.alert_history("") == []
    assert await store.wait_service("alpha", timeout=60)
    assert await store.state_history("alpha", since=0)
    assert await store.remove_service("alpha")
    assert await store.state_history("alpha", since=0)
    assert await store.state_history("alpha", since=0, until=1) == []
    assert isinstance(await store.metrics_history("alpha"), list)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x" * 1000, "'" + "x" * 58 + "…"),
        (5, "5"),
        (10**400, "1" + "0" * 58 + "…"),
        (object(), "object"),
        ([1], "list"),
    ],
)
def test_a_long_value_is_shown_shortened(value, shown):
    assert describe(value) == shown
