"""Settings of the transport, and errors for invalid ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from mcpstore_plugins.stdio.settings import StdioSettings


def problems(**fields: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        StdioSettings.model_validate({"command": "x", **fields})
    return [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in caught.value.errors()]


def test_a_command_is_enough():
    settings = StdioSettings(command="server", cwd=None)
    assert settings.model_dump() == {
        "command": "server",
        "args": [],
        "env": {},
        "cwd": None,
        "inherit_env": "default",
        "containment": "auto",
    }


def test_numbers_and_booleans_in_env_become_text_and_null_removes_a_variable():
    env = {"PORT": 80, "RATIO": 0.5, "DEBUG": True, "QUIET": False, "GONE": None, "EMPTY": ""}
    settings = StdioSettings.model_validate({"command": "x", "env": env})
    assert settings.env == {
        "PORT": "80",
        "RATIO": "0.5",
        "DEBUG": "true",
        "QUIET": "false",
        "GONE": None,
        "EMPTY": "",
    }


def test_integers_are_accepted_as_arguments():
    assert StdioSettings.model_validate({"command": "x", "args": ["--port", 80]}).args == ["--port", "80"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"command": ""}, "command: must not be empty; name the program to start"),
        ({"command": " "}, "command: must not be empty; name the program to start"),
        ({"command": 5}, "command: must be a string (got 5)"),
        ({"command": ["npx"]}, "command: must be a string (got a list)"),
        ({"command": "a\0b"}, "command: must not contain a NUL character"),
        ({"command": "\ud800"}, "command: must not contain half a character (a lone surrogate)"),
        ({"args": "a b"}, "args: must be a list of strings (got 'a b'); write one string per argument"),
        ({"args": None}, "args: must be a list of strings (got null)"),
        ({"args": 5}, "args: must be a list of strings (got 5)"),
        ({"args": {"a": "b"}}, "args: must be a list of strings (got a mapping)"),
        ({"args": ["a", None]}, "args: item 2 must be a string (got null)"),
        ({"args": [True]}, "args: item 1 must be a string (got a boolean)"),
        ({"args": [["a"]]}, "args: item 1 must be a string (got a list)"),
        ({"args": ["a\0"]}, "args: item 1 must not contain a NUL character"),
        ({"env": ["A=1"]}, "env: must be a mapping of names to values (got a list)"),
        ({"env": "A=1"}, "env: must be a mapping of names to values (got a string)"),
        (
            {"env": {"A": ["s3cret"], "B": {}}},
            "env: A must be a string (got a list); B must be a string (got a mapping)",
        ),
        ({"env": {"A=B": "s3cret"}}, "env: 'A=B' is not a valid name of a variable"),
        ({"env": {"": "s3cret"}}, "env: '' is not a valid name of a variable"),
        ({"env": {5: "s3cret"}}, "env: 5 is not a valid name of a variable"),
        ({"env": {"A\0": "s3cret"}}, "env: 'A\\x00' is not a valid name of a variable"),
        ({"env": {"A": "s3cret\0"}}, "env: A must not contain a NUL character"),
        ({"cwd": ""}, "cwd: must not be empty; leave it out instead"),
        ({"cwd": 5}, "cwd: must be a string (got 5)"),
        ({"inherit_env": "some"}, "inherit_env: Input should be 'minimal', 'default' or 'all'"),
        ({"commandd": "y"}, "commandd: Extra inputs are not permitted"),
    ],
)
def test_an_invalid_field_is_reported_with_its_value_and_never_with_a_value_of_env(
    fields: dict[str, Any], message: str
):
    assert problems(**fields) == [message]


def test_every_invalid_field_is_reported_at_once():
    assert len(problems(command=1, args=2, env=3, cwd=4)) == 4


def test_a_reported_value_is_cut_and_its_credentials_are_masked():
    assert problems(args="x" * 500) == [
        f"args: must be a list of strings (got 'x{'x' * 58}…); write one string per argument"
    ]
    assert problems(args="https://u:pw@h/") == [
        "args: must be a list of strings (got 'https://h/'); write one string per argument"
    ]


def test_neither_repr_nor_errors_show_values_of_env():
    settings = StdioSettings(command="x", args=["--url=x", "http://u:pw@h/?k=v"], env={"KEY": "s3cret", "NO": None})
    assert "s3cret" not in repr(settings) + str(settings)
    assert "KEY" in repr(settings)
    assert "pw" not in repr(settings)
    with pytest.raises(ValidationError) as caught:
        StdioSettings.model_validate({"command": "x", "env": {"KEY": ["s3cret"]}})
    assert "s3cret" not in str(caught.value) + repr(caught.value)


def test_the_home_folder_is_expanded_in_paths(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = StdioSettings(command="x", cwd="~/a", args=["~/c"])
    assert (settings.cwd, settings.args) == (f"{tmp_path}/a", ["~/c"])
