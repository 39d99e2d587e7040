"""Containment of the processes of a service, each kind forced: control groups and the environment marker."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import anyio
import pytest

from mcpstore.errors import CommandNotFound, ConnectRefused, ConnectTimeout
from mcpstore.hooks import Closing
from mcpstore_plugins.stdio import cgroup, cgroup_exec, spawned
from mcpstore_plugins.stdio.cgroup import Cgroup
from mcpstore_plugins.stdio.cgroup_exec import CgroupRefused
from mcpstore_plugins.stdio.connection import connect
from plugins.stdio.world import World, is_alive

QUICK = Closing(polite=0.3, term=0.3, kill=5.0)
TREES = ["", "obedient", "group", "session", "daemon", "group,session,daemon,obedient"]


@pytest.fixture
def group() -> Iterator[Cgroup]:
    group = cgroup.create(f"test-{os.getpid()}")
    if group is None:
        pytest.skip("this process may not make control groups of version 2 here")
    yield group
    group.kill()
    group.remove()


@pytest.fixture(params=["cgroup", "marker"])
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "cgroup":
        request.getfixturevalue("group")
    return request.param


def groups(world: World) -> list[Path]:
    """Return the remaining control groups of a world."""
    return [each.path for each in cgroup.sibling_cgroups() if each.marker in world.markers]


@pytest.mark.parametrize("manners", ["", "--ignore-eof --ignore-term"])
@pytest.mark.parametrize("children", TREES)
async def test_no_process_of_a_tree_is_left_with_any_kind_of_containment(
    world: World, tmp_path: Path, kind: str, children: str, manners: str
):
    pids = tmp_path / "pids"
    settings = world.settings("--children", children, "--pidfile", str(pids), *manners.split(), containment=kind)
    with anyio.fail_after(20):
        async with connect(settings, world.peer(closing=QUICK)) as connection:
            assert connection.containment == kind
            family = [int(line) for line in pids.read_text().split()]
            assert all(map(is_alive, family))
    assert not any(map(is_alive, family))
    assert groups(world) == []


async def test_a_process_that_is_restarted_by_its_watchdog_is_killed_with_any_kind_of_containment(
    world: World, tmp_path: Path, kind: str
):
    pids = tmp_path / "pids"
    child = f"import os, time; open({str(pids)!r}, 'a').write(str(os.getpid()) + chr(10)); time.sleep(300)"
    code = f"""
import os, signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    while True:
        subprocess.run([sys.executable, "-S", "-E", "-c", {child!r}], start_new_session=True)
while True: signal.pause()
"""
    with anyio.fail_after(60), pytest.raises(ConnectTimeout):
        async with connect(world.script(code, containment=kind), world.peer(closing=QUICK, handshake_timeout=2.0)):
            pass
    family = [int(line) for line in pids.read_text().split()]
    assert family
    assert not any(map(is_alive, family))


async def test_a_control_group_contains_a_process_that_has_left_session_parent_and_marker(
    world: World, tmp_path: Path, group: Cgroup
):
    # No marker, no session, no parent: only the group identifies the service.
    place = tmp_path / "pid"
    child = (
        f"import os, time; open({str(place)!r}, 'w').write(str(os.getpid())); print('.', flush=True); time.sleep(300)"
    )
    code = f"""
import os, subprocess, sys
if os.fork() == 0:
    command = [sys.executable, "-S", "-E", "-c", {child!r}]
    subprocess.Popen(command, env={{}}, start_new_session=True, stdout=subprocess.PIPE).stdout.readline()
    os._exit(0)
os.wait()
sys.stdin.read()
"""
    settings = world.script(code, containment="cgroup")
    with anyio.fail_after(20), pytest.raises(ConnectTimeout):
        async with connect(settings, world.peer(closing=QUICK, handshake_timeout=3.0)):
            pass
    assert not is_alive(int(place.read_text()))
    assert groups(world) == []


async def test_a_program_is_in_its_group_before_its_first_instruction(world: World, group: Cgroup):
    code = "import sys; sys.stderr.write(open('/proc/self/cgroup').read()); sys.stdin.read()"
    with anyio.fail_after(20), pytest.raises(ConnectTimeout):
        async with connect(world.script(code, containment="cgroup"), world.peer(handshake_timeout=1.0)):
            pass
    assert any(line.startswith("0::") and line.endswith(f"mcpstore.{world.marker}") for line in world.stderr)


async def test_a_program_started_in_a_group_sees_no_difference(world: World, group: Cgroup):
    odd = ["", " ", "$(id)", "ä\udce9", "-c", "a\nb"]
    about = []
    for kind in ("cgroup", "marker"):
        settings = world.settings("--", *odd, containment=kind, env={"ODD": "a=b\nc", "LC_ALL": "C"})
        with anyio.fail_after(20):
            async with connect(settings, world.peer()) as connection:
                about.append(await connection.request("test/about"))
    assert about[0] == about[1]
    ways = []
    code = """
import os, sys
said = [line for line in open('/proc/self/status').read().splitlines() if line.startswith(('Sig', 'Shd'))]
files = sorted(os.listdir('/proc/self/fd'), key=int)[:-1]
sys.stderr.write(' '.join([*said[1:], *files, str(os.getsid(0) == os.getpid())]).replace(chr(9), ' ') + chr(10))
"""
    for kind in ("cgroup", "marker"):
        world.stderr.clear()
        with anyio.fail_after(20), pytest.raises(Exception, match="exited with code 0"):
            async with connect(world.script(code, containment=kind), world.peer()):
                pass
        ways.append(world.stderr[0])
    assert ways[0] == ways[1]


async def test_a_failed_start_in_a_group_is_reported_like_any_other(world: World, tmp_path: Path, group: Cgroup):
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    messages = []
    for kind in ("cgroup", "marker"):
        settings = world.settings(containment=kind).model_copy(update={"command": str(script)})
        with pytest.raises(CommandNotFound) as caught:
            async with connect(settings, world.peer()):
                pass
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert "'/no/such/interpreter', which does not exist" in messages[0]
    assert groups(world) == []


async def test_without_control_groups_the_marker_is_used(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cgroup, "own_cgroup_folder", lambda: None)
    with anyio.fail_after(20):
        async with connect(world.settings(), world.peer()) as connection:
            assert connection.containment == "marker"
        with pytest.raises(ConnectRefused, match="may not create control groups .* set containment to 'auto'"):
            async with connect(world.settings(containment="cgroup"), world.peer()):
                pass


@pytest.mark.parametrize("what", ["cannot be entered", "is gone"])
async def test_a_group_that_rejects_a_process_is_not_used(
    world: World, group: Cgroup, what: str, monkeypatch: pytest.MonkeyPatch
):
    def broken(marker: str) -> Cgroup | None:
        created = real(marker)
        assert created is not None
        if what == "is gone":
            created.remove()
        else:
            monkeypatch.setattr(Cgroup, "procs_file", property(lambda _: Path("/dev/full")))
        return created

    real = cgroup.create
    monkeypatch.setattr(spawned.cgroup, "create", broken)
    with anyio.fail_after(20):
        async with connect(world.settings(), world.peer()) as connection:
            assert connection.containment == "marker"
    assert groups(world) == []


def test_a_group_counts_processes_of_its_subgroups_and_is_removed_with_them(group: Cgroup):
    below = group.path / "a" / "b"
    below.mkdir(parents=True)
    process = cgroup_exec.start_in_cgroup(Cgroup(below), ["/bin/sleep", "300"], {}, Popen)
    assert group.processes() == [process.pid]
    assert not group.remove()
    owner = cgroup.cgroup_of(process.pid)
    assert owner is not None
    assert owner.path == group.path
    group.kill()
    assert process.wait(20) == -signal.SIGKILL
    assert group.remove()
    assert not group.path.exists()


def test_a_group_that_contains_this_process_is_not_killed(group: Cgroup, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Cgroup, "processes", lambda _: [os.getpid()])
    written: list[str] = []
    monkeypatch.setattr(Path, "write_text", lambda *_: written.append(""))
    group.kill()
    assert written == []


@pytest.mark.parametrize(
    ("place", "mounts", "folder"),
    [
        ("0::/", "30 24 0:26 / /cg rw - cgroup2 cgroup2 rw", "/cg"),
        ("1:cpu:/x\n0::/a/b", "30 24 0:26 / /cg rw - cgroup2 cgroup2 rw", "/cg/a/b"),
        ("0::/a/b", "30 24 0:26 /a /cg rw - cgroup2 cgroup2 rw", "/cg/b"),
        ("0::/a", "30 24 0:26 /a /cg rw - cgroup2 cgroup2 rw", "/cg"),
        ("0::/ab", "30 24 0:26 /a /cg rw - cgroup2 cgroup2 rw", None),
        ("0::/../x", "30 24 0:26 / /cg rw - cgroup2 cgroup2 rw", None),
        ("1:cpu:/x", "30 24 0:26 / /cg rw - cgroup cgroup rw", None),
        ("0::/", "30 24 0:26 / /cg rw - cgroup cgroup rw", None),
    ],
)
def test_the_folder_of_a_group_is_found_at_every_mount_point(
    place: str, mounts: str, folder: str | None, monkeypatch: pytest.MonkeyPatch
):
    files = {"/proc/self/cgroup": place, "/proc/self/mountinfo": mounts}
    monkeypatch.setattr(Path, "read_text", lambda path, *_: files[str(path)])
    assert cgroup.own_cgroup_folder() == (None if folder is None else Path(folder))


def test_a_failed_start_and_a_refused_group_are_different_errors(group: Cgroup, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(FileNotFoundError):
        cgroup_exec.start_in_cgroup(group, ["/no/such/program"], {}, Popen)
    with pytest.raises(CgroupRefused):
        cgroup_exec.start_in_cgroup(Cgroup(Path("/no/such/group")), [sys.executable], {}, Popen)
