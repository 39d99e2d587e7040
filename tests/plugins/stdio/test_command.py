"""Lookup of the program, and remedies if it is missing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mcpstore.errors import CommandNotFound, ConnectRefused, NotReady
from mcpstore_plugins.stdio.command import resolve, start_error


def program(place: Path, text: str = "#!/bin/sh\n", mode: int = 0o755) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    place.chmod(mode)
    return place


def refusal_of(command: str, path: str = "/nowhere", cwd: str = "/") -> str:
    with pytest.raises(CommandNotFound) as caught:
        resolve(command, path=path, cwd=cwd)
    return str(caught.value)


def test_the_first_executable_in_path_is_used_and_other_files_are_skipped(tmp_path: Path):
    (tmp_path / "a" / "x").mkdir(parents=True)
    program(tmp_path / "b" / "x", mode=0o644)
    right = program(tmp_path / "c" / "x")
    program(tmp_path / "d" / "x")
    path = ":".join(str(tmp_path / name) for name in "abcd")
    assert resolve("x", path=path, cwd="/") == str(right)


def test_a_command_with_a_slash_and_relative_path_entries_are_resolved_in_the_folder_of_the_service(tmp_path: Path):
    right = program(tmp_path / "bin" / "x")
    assert resolve("./bin/x", path="", cwd=str(tmp_path)) == str(right)
    assert resolve("bin/x", path="", cwd=str(tmp_path)) == str(right)
    assert resolve("x", path=":bin:", cwd=str(tmp_path)) == str(right)


def test_an_empty_entry_of_path_is_not_the_current_folder(tmp_path: Path):
    program(tmp_path / "x")
    assert refusal_of("x", path="::", cwd=str(tmp_path)).startswith(
        "command 'x' was not found in the 0 folders of PATH"
    )


def test_a_program_in_the_home_folder_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    right = program(tmp_path / "x")
    assert resolve("~/x", path="", cwd="/") == str(right)


def test_symbolic_links_are_not_resolved(tmp_path: Path):
    # The python of a virtual environment, and tools that read the name they are called by, depend on it.
    program(tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    assert resolve("link", path=str(tmp_path), cwd="/") == str(tmp_path / "link")


@pytest.mark.parametrize(
    ("command", "remedy"),
    [
        ("npx", "install Node.js, which brings npx"),
        ("uvx", "install uv, which brings uvx: pip install uv"),
        ("docker", "install Docker, and check that its command line is on PATH"),
        ("pipx", "install it: pip install pipx"),
        ("whatever", "install it, give its full path, or add its folder to PATH in env"),
    ],
)
def test_a_missing_command_is_reported_with_a_remedy(command: str, remedy: str):
    assert refusal_of(command, path="/nowhere:/nowhere/else") == (
        f"command {command!r} was not found in the 2 folders of PATH; {remedy}"
    )
    assert "the 1 folder of PATH" in refusal_of(command)


def test_the_remedy_for_a_missing_python_is_python3_where_it_exists(tmp_path: Path):
    program(tmp_path / "python3")
    assert refusal_of("python", path=str(tmp_path)).endswith("; make 'python3' the command")
    assert "python3" not in refusal_of("python")


def test_the_remedy_for_a_shell_line_is_to_split_it(tmp_path: Path):
    program(tmp_path / "npx")
    remedy = "make 'npx' the command, and put the other words into args, one string per argument"
    assert refusal_of("npx -y server", path=str(tmp_path)).endswith(remedy)
    assert "into args" not in refusal_of("npx -y server")


def test_a_missing_path_is_reported_with_the_folder_it_was_resolved_in(tmp_path: Path):
    assert refusal_of("./x", cwd=str(tmp_path)) == (
        f"command './x' does not exist (looked for in {str(tmp_path)!r}); correct the path"
    )
    assert refusal_of("/no/npx") == "command '/no/npx' does not exist; install Node.js, which brings npx"


def test_a_file_that_is_not_executable_is_reported(tmp_path: Path):
    place = program(tmp_path / "x", mode=0o644)
    assert refusal_of("x", path=str(tmp_path)) == (
        f"command 'x' cannot be executed: {str(place)!r} is not executable; "
        "run chmod +x on it, or make its interpreter the command"
    )


def test_a_folder_is_reported(tmp_path: Path):
    assert refusal_of(str(tmp_path)) == (
        f"command {str(tmp_path)!r} cannot be executed: {str(tmp_path)!r} is a folder; name a program in it"
    )


def error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def test_a_lack_of_local_resources_is_no_refusal():
    failure = start_error(error(errno.EMFILE), "/bin/x", [])
    assert isinstance(failure, NotReady)
    assert str(failure) == "command '/bin/x' cannot be started now: Too many open files"


def test_too_many_arguments_are_reported_by_their_size_only():
    failure = start_error(error(errno.E2BIG), "/bin/x", ["s3cret", "abc"])
    assert type(failure) is ConnectRefused
    assert str(failure) == "arguments of command '/bin/x' are too long (got 9 characters); shorten them"


def test_a_missing_interpreter_is_reported_by_name(tmp_path: Path):
    place = program(tmp_path / "x", "#! /no/such/python -u\n")
    assert str(start_error(error(errno.ENOENT), str(place), [])) == (
        f"command {str(place)!r} needs '/no/such/python', which does not exist; "
        "install it, or make another interpreter the command"
    )
    for odd in (str(program(tmp_path / "y", "no script")), str(program(tmp_path / "z", "#!\n")), "/gone"):
        assert "needs an interpreter, which does not exist" in str(start_error(error(errno.ENOENT), odd, []))


def test_any_other_system_error_is_reported_with_its_message():
    failure = start_error(error(errno.EACCES), "/bin/x", [])
    assert isinstance(failure, CommandNotFound)
    assert str(failure).startswith("command '/bin/x' cannot be executed: Permission denied; give its full path")
