"""No shell runs any part of a configuration: every argument and value arrives as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcpstore.errors import CommandNotFound
from mcpstore_plugins.stdio.connection import connect
from mcpstore_plugins.stdio.containers import with_label
from mcpstore_plugins.stdio.settings import StdioSettings
from mcpstore_plugins.stdio.spawn import plan
from plugins.stdio.world import World

METACHARACTERS = [
    *"|&;<>()$`\\\"' \t\n*?[]#~=%!{}^,:@+-./",
    *("$(touch pwned)", "`touch pwned`", "; touch pwned", "&& touch pwned", "| touch pwned", "> pwned"),
    *("\ntouch pwned", "${IFS}touch${IFS}pwned", "$'\\x41'", "{a,b}", "~root", "!!", "--", "-c", "-rf", "@file"),
    *("%PATH%", "$0", "..\\..\\x", "\\0", "a'b\"c", "", " " * 3),
    *("\r", "\x01", "\x1b[31m", "\x7f", "\u2028", "\u202e", "ä", "漢字", "🎉", "\udcff"),
]
LINES = ["true; touch pwned", "$(touch pwned)", "true && touch pwned", "sh -c 'touch pwned'"]


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("containment", ["auto", "marker"])
async def test_every_metacharacter_arrives_unchanged_and_has_no_effect(world: World, tmp_path: Path, containment: str):
    env = {f"V{number}": text for number, text in enumerate(METACHARACTERS)}
    literal = world.settings("--", *METACHARACTERS, env=env, cwd=str(tmp_path), containment=containment)
    async with connect(literal, world.peer()) as connection:
        about = await connection.request("test/about")
    # JSON cannot contain a lone surrogate, which is how Python represents an undecodable byte.
    wanted = [text.encode(errors="surrogateescape").decode(errors="replace") for text in METACHARACTERS]
    arrived = [text.encode(errors="surrogateescape").decode(errors="replace") for text in about["argv"]]
    assert arrived[-len(wanted) :] == wanted
    for number, text in enumerate(wanted):
        assert about["env"][f"V{number}"].encode(errors="surrogateescape").decode(errors="replace") == text
    assert names(tmp_path) == []


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text().filter(lambda text: "\0" not in text and text.isprintable())))
def test_the_started_command_is_the_configured_one(args: list[str]):
    launch = plan(StdioSettings(command="/bin/true", args=args), "m")
    assert launch.program == "/bin/true"
    assert list(launch.args) == args
    assert list(with_label("docker", ["run", *args], "m"))[3:] == args


@pytest.mark.parametrize(
    "command", ["true; touch pwned", "$(touch pwned)", "true && touch pwned", "sh -c 'touch pwned'"]
)
def test_a_shell_line_as_command_is_the_name_of_a_missing_program(command: str, tmp_path: Path):
    with pytest.raises(CommandNotFound):
        plan(StdioSettings(command=command, cwd=str(tmp_path)), "m")
    assert names(tmp_path) == []


def test_no_module_starts_a_shell():
    root = Path(__file__).parents[3]
    sources = [path for part in ("core", "plugins") for path in (root / part).rglob("*.py")]
    assert len(sources) > 100
    for path in sources:
        text = path.read_text("utf-8")
        for word in ("shell=True", "os.system(", "os.popen(", "create_subprocess_shell", "commands.getoutput"):
            assert word not in text, f"{path.relative_to(root)}: {word}"
