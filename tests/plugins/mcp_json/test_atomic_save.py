"""Atomic saves: kept properties of the file, refused files, and errors."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

import anyio
import pytest

from mcpstore.errors import ConfigConflict, ConfigError, ConfigSyntaxError
from mcpstore.hooks import MISSING, Edit
from mcpstore.storage.atomic import temporary_prefix
from mcpstore_plugins.mcp_json import atomic_save
from mcpstore_plugins.mcp_json.document import FileDocument
from mcpstore_plugins.mcp_json.file_state import MAX_SIZE
from mcpstore_plugins.mcp_json.os_errors import config_error

from .files import ADD_B, NEW, OLD, add_b, mode, names, needs_root, needs_user, refusal

# --- what stays --------------------------------------------------------------------------------------------


async def test_an_edit_returns_the_content_that_a_read_would(path):
    content = await add_b(path)
    assert path.read_text() == NEW
    assert names(path.parent) == ["mcp.json"]
    again = await FileDocument(str(path)).read()
    assert (again.data, again.revision, again.format) == (content.data, content.revision, content.format)
    assert content.locate(("mcpServers", "b")) == (4, 10)


@pytest.mark.parametrize("before", [0o600, 0o644, 0o640, 0o666, 0o755])
async def test_the_mode_is_kept_with_any_umask(path, before):
    path.chmod(before)
    umask = os.umask(0o077)
    try:
        await add_b(path)
    finally:
        os.umask(umask)
    assert mode(path) == before


@needs_root
async def test_the_owner_is_kept(path):
    os.chown(path, 12345, 54321)
    await add_b(path)
    status = path.stat()
    assert (status.st_uid, status.st_gid) == (12345, 54321)


@pytest.mark.parametrize("group", ["stays", "goes"])
async def test_a_file_of_another_user_keeps_its_group_if_possible(path, monkeypatch, group):
    asked = []

    def fchown(fd, uid, gid):
        asked.append((uid, gid))
        if uid != -1 or group == "goes":
            raise PermissionError(errno.EPERM, "no")

    like = os.stat_result((0o100640, 1, 1, 1, 12345, 54321, 1, 0, 0, 0))
    monkeypatch.setattr(os, "fchown", fchown)
    with path.open() as file:
        atomic_save._copy_owner_and_mode(file.fileno(), like)
    assert asked == [(12345, 54321), (-1, 54321)]
    assert mode(path) == 0o640


async def test_a_new_file_and_its_directories_are_private_to_their_owner(tmp_path):
    path = tmp_path / "a" / "b" / "mcp.json"
    umask = os.umask(0)
    try:
        content = await add_b(path)
    finally:
        os.umask(umask)
    assert [mode(path), mode(path.parent), mode(path.parent.parent)] == [0o600, 0o700, 0o700]
    assert path.read_text() == '{\n  "mcpServers": {\n    "b": {\n      "command": "y"\n    }\n  }\n}\n'
    assert content.data == {"mcpServers": {"b": {"command": "y"}}}


async def test_a_symlink_stays_one_and_its_target_is_replaced(path, tmp_path):
    (tmp_path / "links").mkdir()
    second = tmp_path / "links" / "second.json"
    second.symlink_to("../home/mcp.json")
    first = tmp_path / "first.json"
    first.symlink_to(second)
    await add_b(first)
    assert first.is_symlink()
    assert second.is_symlink()
    assert path.read_text() == NEW
    assert names(second.parent) == ["second.json"]


async def test_a_symlink_to_a_missing_file_leads_to_a_new_file(tmp_path):
    link = tmp_path / "link.json"
    link.symlink_to("new.json")
    await add_b(link)
    assert link.is_symlink()
    assert (tmp_path / "new.json").is_file()


async def test_an_edit_that_changes_nothing_does_not_write_the_file(path):
    before = path.stat()
    path.chmod(0o400)
    content = await FileDocument(str(path)).edit([Edit(path=("mcpServers", "z"), value=MISSING)])
    assert content.data == {"mcpServers": {"a": {"command": "x"}}}
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


async def test_an_empty_edit_creates_no_file(tmp_path):
    content = await FileDocument(str(tmp_path / "no" / "mcp.json")).edit([Edit(path=("a",), value=MISSING)])
    assert (content.data, content.revision) == ({}, "")
    assert names(tmp_path) == []


async def test_temporary_files_of_a_killed_writer_are_removed(path):
    await add_b(path)
    prefix = temporary_prefix("mcp.json")
    (path.parent / f"{prefix}000000000000.tmp").write_text("half")
    (path.parent / "mcp.json.bak").write_text("of another program")
    await FileDocument(str(path)).edit([Edit(path=("mcpServers", "b"), value=MISSING)])
    assert path.read_text() == OLD
    assert names(path.parent) == ["mcp.json", "mcp.json.bak"]


async def test_names_of_maximal_length_are_accepted(tmp_path):
    path = tmp_path / ("x" * 250 + ".json")
    await add_b(path)
    assert names(tmp_path) == [path.name]


async def test_names_that_are_not_utf_8_are_accepted(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.json")
    await add_b(path)
    assert (await FileDocument(path).read()).data == {"mcpServers": {"b": {"command": "y"}}}


# --- what is refused ---------------------------------------------------------------------------------------


async def test_a_corrupt_file_is_refused_with_line_and_column_and_not_overwritten(path):
    path.write_text('{\n  "mcpServers": {\n    "a": {"command": "x"}\n')
    before = path.read_bytes()
    for work in (FileDocument(str(path)).read, lambda: add_b(path)):
        with pytest.raises(ConfigSyntaxError) as caught:
            await work()
        assert (caught.value.where, caught.value.line, caught.value.column) == (str(path), 4, 1)
    assert path.read_bytes() == before
    assert names(path.parent) == ["mcp.json"]


async def test_a_conflict_names_the_service_and_writes_nothing(path):
    stale = Edit(path=("mcpServers", "a"), value=MISSING, expect={"command": "other"}, entry="a")
    with pytest.raises(ConfigConflict) as caught:
        await FileDocument(str(path)).edit([ADD_B, stale])
    assert caught.value.entry == "a"
    assert path.read_text() == OLD


async def test_a_file_with_hard_links_is_refused(path):
    twin = path.with_name("twin.json")
    os.link(path, twin)
    assert "has 2 hard links, which a replacement would separate" in await refusal(path)
    assert path.samefile(twin)
    assert (await FileDocument(str(path)).read()).data


@pytest.mark.parametrize("kind", ["a directory", "a pipe", "a socket", "a device"])
async def test_a_path_that_is_not_a_file_is_refused_at_once(short_path, kind):
    path = short_path / "x"
    server = socket.socket(socket.AF_UNIX)
    with server:
        if kind == "a directory":
            path.mkdir()
        elif kind == "a pipe":
            os.mkfifo(path)
        elif kind == "a socket":
            server.bind(str(path))
        else:
            path = Path("/dev/null")
        with anyio.fail_after(20):
            assert f"{path} is {kind}, not a file" in await refusal(path)
            with pytest.raises(ConfigError, match=f"is {kind}, not a file; name a file"):
                await FileDocument(str(path)).read()


async def test_a_path_through_a_file_is_refused(path):
    assert "Not a directory; correct the path: a part of it is a file" in await refusal(path / "mcp.json")
    with pytest.raises(ConfigError, match="cannot be read: Not a directory"):
        await FileDocument(str(path / "mcp.json")).read()


async def test_a_dangling_symlink_is_refused(tmp_path):
    link = tmp_path / "link.json"
    link.symlink_to("gone/far/mcp.json")
    assert "symbolic link into a directory that does not exist; repair the link" in await refusal(link)
    loop = tmp_path / "loop.json"
    loop.symlink_to("loop.json")
    assert "Too many levels of symbolic links; repair the symbolic link" in await refusal(loop)
    with pytest.raises(ConfigError, match="cannot be read: Too many levels"):
        await FileDocument(str(loop)).read()
    assert names(tmp_path) == ["link.json", "loop.json"]


async def test_a_file_above_the_size_limit_is_refused(path):
    os.truncate(path, MAX_SIZE + 1)
    assert "is larger than 64 MiB, the limit of a configuration; name another file" in await refusal(path)
    with pytest.raises(ConfigError, match="is larger than 64 MiB"):
        await FileDocument(str(path)).read()


async def test_a_read_only_file_is_not_written(path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda name, wanted, *, dir_fd: False)
    assert "is read-only; make it writable (chmod u+w)" in await refusal(path)
    assert path.read_text() == OLD


@needs_user
async def test_missing_permissions_are_an_error(path):
    path.chmod(0)
    assert f"cannot be written: Permission denied; check the permissions of {path.parent}" in await refusal(path)
    path.chmod(0o600)
    path.parent.chmod(0o500)
    try:
        assert "cannot be written: Permission denied" in await refusal(path)
    finally:
        path.parent.chmod(0o700)


async def test_an_unreadable_file_is_reported(path, monkeypatch):
    def deny(*args, **options):
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(os, "open", deny)
    with pytest.raises(ConfigError, match="cannot be read: Permission denied; check its permissions and its owner"):
        await FileDocument(str(path)).read()


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.ENOSPC, "free space"),
        (errno.EROFS, "keep the configuration on"),
        (errno.EBUSY, "mount its directory"),
        (errno.EIO, "system log"),
        (errno.EMFILE, "ulimit"),
        (errno.EAGAIN, "try again; nothing was changed"),
    ],
)
def test_every_error_names_the_file_the_system_error_and_a_remedy(code, remedy):
    text = str(config_error(OSError(code, "x"), "mcp.json", "written"))
    assert text.startswith(f"mcp.json cannot be written: {os.strerror(code)}; ")
    assert remedy in text
    assert "cannot be read: odd; try again; nothing" in str(config_error(OSError("odd"), "mcp.json", "read"))


async def test_a_file_deleted_since_it_was_read_is_not_recreated(path):
    document = FileDocument(str(path))
    await document.read()
    path.unlink()
    with pytest.raises(ConfigError, match="has disappeared since it was read; put it back, or read"):
        await document.edit([ADD_B])
    assert names(path.parent) == []
    path.parent.rmdir()
    with pytest.raises(ConfigError, match="has disappeared since"):
        await document.edit([ADD_B])
    assert not path.parent.exists()
    assert (await document.read()).data == {}
    assert (await document.edit([ADD_B])).data == {"mcpServers": {"b": {"command": "y"}}}


async def test_an_edit_without_a_previous_read_creates_the_file(tmp_path):
    document = FileDocument(str(tmp_path / "mcp.json"))
    await document.edit([ADD_B])
    (tmp_path / "mcp.json").unlink()
    with pytest.raises(ConfigError, match="has disappeared since"):
        await document.edit([ADD_B])


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP, errno.EIO])
async def test_only_an_io_error_of_a_directory_flush_is_reported(path, monkeypatch, code):
    real, failed = os.fsync, []

    def fsync(fd):
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            failed.append(fd)
            raise OSError(code, "no")
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    if code == errno.EIO:
        assert "is changed, but a power cut may undo that: Input/output error; check the disk" in await refusal(path)
    else:
        await add_b(path)
    assert path.read_text() == NEW
    assert len(failed) == 1


async def test_a_failed_flush_is_never_retried(path, monkeypatch):
    asked = []

    def fsync(fd):
        asked.append(fd)
        raise OSError(errno.EIO, "no")

    monkeypatch.setattr(os, "fsync", fsync)
    assert "cannot be written: Input/output error" in await refusal(path)
    assert len(asked) == 1
    assert path.read_text() == OLD
    assert names(path.parent) == ["mcp.json"]
