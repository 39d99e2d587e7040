"""What version 0.1 wrote is read by this version, and nothing of it is lost.

The files are recordings; `fixtures/version_0_1/README.md` says of what.
"""

# ruff: noqa: ASYNC220, ASYNC240 - each test has its loop for itself

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from aiosmtpd.smtp import SMTP

from fixtures.looking import Chat, MailServer, Then, look, look_at_configuration, until
from mcpstore import AsyncMCPStore, MCPStore, __version__
from mcpstore.errors import ToolNotApproved
from mcpstore.hooks import API_VERSION

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "tests/fixtures/version_0_1"
SITUATIONS = ["alerts", "flood", "tools", "history", "killed"]
CONFIGURATIONS = ["mcp.json", "mcp.jsonc", "mcp.toml", "mcp.yaml", "keyvalue", "template"]
PLACE = "/recorded"
DEADLINE = 90


@attrs.define
class Recording:
    """A copy of what a manager of version 0.1 left.

    Attributes:
        folder: Where the copy is.
        expected: What version 0.1 said of it.
    """

    folder: Path
    expected: dict[str, Any]

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def end(self) -> float:
        return self.expected["recorded_at"]

    @asynccontextmanager
    async def opened(self, *, start: bool = False, chat: Chat | None = None, later: float = 1.0):
        """Open it with the version of today, as if no more than a moment had passed."""
        async with AsyncMCPStore(
            self.folder / "mcp.json",
            state_dir=self.state,
            plugins={"chat": chat or Chat()},
            clock=Then(self.end + later),
            start=start,
        ) as store:
            yield store

    def set_mail_port(self, port: int) -> None:
        path = self.folder / "mcp.json"
        path.write_text(path.read_text().replace('"port": 1,', f'"port": {port},'))

    def notices(self) -> list[dict[str, Any]]:
        """Return every line about alerts that is on the disk."""
        files = sorted((self.state / "alerts").glob("*.jsonl"))
        return [json.loads(line) for path in files for line in path.read_text().splitlines() if line]

    def dead_letters(self) -> list[dict[str, Any]]:
        return [{"why": line["why"], "alert": line["alert"]} for line in self.notices() if "why" in line]


@pytest.fixture(autouse=True)
def _surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def recording(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recording:
    folder = tmp_path / "copy"
    shutil.copytree(RECORDED / request.param, folder)
    shutil.copy(RECORDED.parent / "server.py", folder)
    monkeypatch.chdir(folder)
    expected = json.loads((folder / "expected.json").read_text())
    for samples in (expected["kept"]["metrics_history"], expected["kept"]["metrics_by_hour"]):
        for sample in samples:  # version 0.1 reported milliseconds here; the database had microseconds, and has
            if sample["response_time"] is not None:
                sample["response_time"] = pytest.approx(sample["response_time"] / 1000)
    return Recording(folder, expected)


def of(*situations: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("recording", situations, indirect=True)


def shell(*words: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mcpstore", *words], cwd=cwd, capture_output=True, text=True, timeout=DEADLINE
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def keys(alerts: Any) -> list[tuple[str, str, int]]:
    return [(alert["incident"], alert["kind"], alert["number"]) for alert in alerts]


# --- state directories


@of(*SITUATIONS)
async def test_a_store_opened_for_one_command_sees_everything_that_was_stored(recording):
    async with recording.opened() as store:
        assert await look(store, recording.end) == recording.expected["kept"]


@of(*SITUATIONS)
async def test_a_manager_that_takes_over_loses_no_history(recording):
    kept = recording.expected["kept"]
    async with recording.opened(start=True) as store:
        now = await look(store, recording.end)
    async with recording.opened(later=60) as store:
        again = await look(store, recording.end)
    hour = recording.end // 3600 * 3600
    for data in (kept, now, again):  # the hour of the recording is not over: more is added to it
        data["metrics_by_hour"] = [one for one in data["metrics_by_hour"] if one["timestamp"] < hour]
    for data in (now, again):
        assert keys(data["alert_history"]) == keys(kept["alert_history"])
        for what in ("alert_history", "silences", "metrics_history", "metrics_by_hour", "state_history"):
            assert data[what] == kept[what], what


@of("alerts", "flood", "killed")
async def test_undelivered_notifications_are_delivered(recording):
    waiting = recording.expected["undelivered"]
    chats = [one for one in waiting if one["channel"] == "night"]
    mails = [one for one in waiting if one["channel"] == "email"]
    assert waiting
    chat, mailbox = Chat(), MailServer()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailbox, loop=loop), "127.0.0.1", 0)
    try:
        recording.set_mail_port(server.sockets[0].getsockname()[1])
        async with recording.opened(start=True, chat=chat) as store:

            def heard() -> dict[str, str]:
                alerts = [one for _, alert in chat.heard for one in (alert.alerts or [alert])]
                return {one.incident: one.kind for one in alerts}

            last = {one["incident"]: one["kind"] for one in chats}
            await until(lambda: all(heard().get(incident) == kind for incident, kind in last.items()))
            for one in mails:
                await until(lambda one=one: any(one["service"] in mail for mail in mailbox.mails))
            assert [channel.given_up for channel in await store.list_alert_handlers()] == [0] * len(
                {one["channel"] for one in waiting}
            )
    finally:
        server.close()
        await server.wait_closed()
    assert recording.dead_letters() == recording.expected["dead_letters"]


@of("alerts", "flood", "killed")
async def test_delivered_notifications_are_not_sent_again_by_the_next_manager(recording):
    chat = Chat()
    recording.folder.joinpath("mcp.json").write_text(
        json.dumps(only_chat(json.loads((recording.folder / "mcp.json").read_text())))
    )
    old = {one["incident"] for one in recording.expected["undelivered"] if one["channel"] == "night"}

    def heard() -> list[tuple[str, str]]:
        alerts = [one for _, alert in chat.heard for one in (alert.alerts or [alert])]
        return [(one.incident, one.kind) for one in alerts if one.timestamp <= recording.end]

    async with recording.opened(start=True, chat=chat):
        await until(lambda: {incident for incident, _ in heard()} >= old)
    before = heard()
    async with recording.opened(start=True, chat=chat, later=60) as store:
        await until(store.list_alerts)
    assert heard() == before
    assert max(Counter(before).values(), default=1) == 1


def only_chat(config: dict[str, Any]) -> dict[str, Any]:
    handlers = config["mcpstore"]["monitoring"]["alerts"]["handlers"]
    config["mcpstore"]["monitoring"]["alerts"]["handlers"] = [one for one in handlers if one["type"] == "chat"]
    return config


@of("alerts", "killed")
async def test_an_open_incident_continues_as_the_same_one(recording):
    was = {alert["service"]: alert for alert in recording.expected["kept"]["open_alerts"]}
    async with recording.opened(start=True) as store:

        async def fails() -> bool:
            return (await store.get_service_info("broken")).error is not None

        await until(fails)
        now = {alert.service: alert for alert in await store.list_alerts() if alert.rule_name == "service_down"}
        begun = [one for one in await store.alert_history("broken") if one.kind == "fired"]
    assert now["broken"].incident == was["broken"]["incident"]
    assert now["broken"].began == was["broken"]["began"]
    assert [one.incident for one in begun] == [was["broken"]["incident"]]


@of("alerts", "killed")
async def test_silences_stay_active_and_can_be_ended(recording):
    silences = recording.expected["kept"]["silences"]
    async with recording.opened(start=True) as store:
        assert [one.to_dict() for one in await store.list_silences()] == silences
        assert await store.unsilence(silences[0]["id"])
    async with recording.opened(later=5) as store:
        assert [one.to_dict() for one in await store.list_silences()] == silences[1:]


@of("tools")
async def test_unapproved_tools_are_withheld_and_approved_ones_are_not(recording):
    expected = recording.expected
    chat = Chat()
    async with recording.opened(start=True, chat=chat) as store:
        for name in expected["callable_tools"]:
            await store.wait_service(name, timeout=DEADLINE)
        offered = {name: [] for name in expected["callable_tools"]}
        for tool in await store.list_tools():
            if tool.service in offered:
                offered[tool.service].append(tool.name)
        assert offered == expected["callable_tools"]
        assert (await look(store, recording.end))["changed_tools"] == expected["kept"]["changed_tools"]
        with pytest.raises(ToolNotApproved):
            await store.call_tool("blocked/send")
        assert (await store.call_tool("approved/send")).text == "send is done"
        assert (await store.approve_tools("mixed")).names() == ["read", "pay"]
        alerts = await store.alert_history("warned")
        assert [one.kind for one in alerts if one.rule_name == "tools_changed"].count("fired") == 1
    assert [alert for _, alert in chat.heard if alert.kind == "fired" and alert.rule_name == "tools_changed"] == []
    async with recording.opened(later=60) as store:
        assert (await store.list_unapproved_tools("mixed")).names() == []
        assert len(await store.list_unapproved_tools("blocked")) == 3


@of("tools")
async def test_approvals_leave_the_state_directory_and_survive_its_loss(recording):
    expected = recording.expected["kept"]["changed_tools"]
    for _ in range(2):  # a store for one command moves them, too
        async with recording.opened() as store:
            assert (await look(store, recording.end))["changed_tools"] == expected
        assert not (recording.state / "pins").exists()
        shutil.rmtree(recording.state)


@of("history", "tools")
async def test_the_protocol_version_of_each_service_is_still_known(recording):
    names = {"history": ["steady", "slow"], "tools": ["modern", "blocked"]}
    known = recording.expected["eras"]
    async with recording.opened(start=True) as store:
        for name in names["tools" if "modern" in known.values() else "history"]:
            await store.wait_service(name, timeout=DEADLINE)
    # a key that is computed differently today would stand beside the old one
    assert json.loads((recording.state / "eras.json").read_text()) == known


@of("alerts")
async def test_the_default_location_of_the_state_directory_is_unchanged(recording, tmp_path):
    path = recording.folder / "mcp.json"
    place = tmp_path / "xdg_state_home/mcpstore" / hashlib.sha256(os.path.realpath(path).encode()).hexdigest()[:16]
    place.parent.mkdir(parents=True)
    recording.state.rename(place)
    kept = recording.expected["kept"]
    # the clock of the command line cannot be set, and the handler of the recording is no installed plugin
    listed = json.loads(shell("--config", str(path), "alerts", "--json", cwd=tmp_path))
    assert sorted(keys(listed)) == sorted(keys(kept["open_alerts"]))
    listed = json.loads(shell("--config", str(path), "alerts", "history", "--json", cwd=tmp_path))
    assert keys(listed) == keys(kept["alert_history"])
    listed = json.loads(shell("--config", str(path), "alerts", "silences", "--json", cwd=tmp_path))
    lasting = [one for one in kept["silences"] if one["until"] > time.time()]
    assert [one["id"] for one in listed] == [one["id"] for one in lasting]
    assert [one["comment"] for one in listed][-1] == "being moved"


@of("alerts", "tools")
def test_the_sync_store_reads_it_too(recording):
    kept = recording.expected["kept"]
    with MCPStore(
        recording.folder / "mcp.json",
        state_dir=recording.state,
        plugins={"chat": Chat()},
        clock=Then(recording.end + 1),
        start=False,
    ) as store:
        assert keys(store.alert_history()) == keys(kept["alert_history"])
        changed = sorted(change.full_name for change in store.list_unapproved_tools())
        assert changed == [f"{one['service']}/{one['name']}" for one in kept["changed_tools"]]
        assert len(store.metrics_history(since=0)) == len(kept["metrics_history"])


@of("killed")
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found by /proc")
async def test_an_orphan_of_a_killed_manager_is_ended(recording):
    home = hashlib.sha256(os.fsencode(os.path.realpath(recording.state))).hexdigest()[:12]
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    left = []
    try:
        for path in sorted((recording.state / "traces").glob("*.json")):
            trace = json.loads(path.read_text())
            marker = home + trace["marker"][12:]  # as if the manager had run here
            environment = {**os.environ, "MCPSTORE_MARKER": marker}
            command = [sys.executable, "-c", "print(flush=True); import signal; signal.pause()"]
            process = subprocess.Popen(command, env=environment, start_new_session=True, stdout=subprocess.PIPE)
            left.append(process)
            process.stdout.readline()
            started = int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[19])
            fresh = {**trace, "marker": marker, "pid": process.pid, "started": started, "boot": boot}
            path.unlink()
            path.with_name(f"{marker}.json").write_text(json.dumps(fresh))
        assert len(left) == len(recording.expected["traces"]) == 2
        # a manager ends none of its own children, so it has to be another process
        (recording.folder / "mcp.json").write_text('{"mcpServers": {}}')
        line = [sys.executable, "-m", "mcpstore", "--config", "mcp.json", "--state-dir", "state", "up"]
        manager = subprocess.Popen(line, cwd=recording.folder, stderr=subprocess.DEVNULL)
        left.append(manager)
        await until(lambda: all(process.poll() is not None for process in left[:2]))
        await until(lambda: not list((recording.state / "traces").glob("*.json")))
        manager.terminate()
        manager.wait(DEADLINE)
        ended = (-signal.SIGTERM, -signal.SIGKILL)
        assert all(process.returncode in ended for process in left[:2])
    finally:
        for process in left:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


# --- configurations and caches


@pytest.mark.parametrize("name", CONFIGURATIONS)
async def test_every_setting_of_a_configuration_keeps_its_meaning(name, tmp_path, monkeypatch):
    folder = tmp_path / "copy"
    shutil.copytree(RECORDED / "configurations", folder)
    expected = json.loads((folder / "expected.json").read_text())["configurations"][name]
    plugins: dict[str, Any] = {"chat": Chat(), "unwanted": object()}
    location = str(folder / name)
    if name == "keyvalue":
        for path in (folder / "keyvalue").glob("*.json"):
            path.write_text(path.read_text().replace(PLACE, str(folder)))
        location = f"keyvalue+files://{folder}/keyvalue?key=team"
    if name == "template":
        location = f"template://{folder}/template.json"
    if name in ("keyvalue", "template"):
        monkeypatch.syspath_prepend(ROOT / f"contrib/mcpstore-{name}/src")
        if name == "keyvalue":
            import mcpstore_keyvalue as plugin
        else:
            from mcpstore_template import persistence_backend as plugin
        plugins[name] = plugin
    async with AsyncMCPStore(location, plugins=plugins, state_dir=tmp_path / "state", start=False) as store:
        assert await look_at_configuration(store) == expected


def test_the_plugin_index_of_the_version_before_is_harmless(tmp_path):
    about = f"{sys.prefix} {sys.version} {__version__} {API_VERSION}"
    name = f"plugins-{hashlib.sha256(about.encode()).hexdigest()[:16]}.json"
    cache = tmp_path / "xdg_cache_home/mcpstore"
    cache.mkdir(parents=True)

    def offers() -> dict[str, Any]:
        return {one["name"]: one["offers"] for one in json.loads(shell("plugins", "--json", cwd=tmp_path))}

    fresh = offers()
    text = (RECORDED / "plugin_index/index.json").read_text()
    (cache / name).write_text(text.replace(PLACE, sys.prefix))
    assert offers() == fresh
