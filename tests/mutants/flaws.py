"""Flaws put on purpose into the two places where bytes are trusted: the file of the user, and the pipe of a service.

A flaw is a change of the source text of one module, made in memory as it is imported. It names the tests that must
notice it. Add one for every bug ever fixed there. Where the code moved on and the text to replace is not there any
more, the test fails: write the flaw anew, do not drop it.
"""

from __future__ import annotations

import attrs

JSON = "tests/plugins/mcp_json"
WIRE = "tests/wire"


@attrs.frozen
class Flaw:
    """A bug put in on purpose, and the tests that must notice it."""

    name: str
    module: str
    old: str
    new: str
    tests: str


def _config(name: str, module: str, old: str, new: str, tests: str) -> Flaw:
    return Flaw(name, f"mcpstore_plugins.mcp_json.{module}", old, new, f"{JSON}/{tests}")


def _storage(name: str, old: str, new: str, tests: str) -> Flaw:
    return Flaw(name, "mcpstore.storage.atomic", old, new, f"{JSON}/{tests}")


def _wire(name: str, module: str, old: str, new: str, tests: str) -> Flaw:
    return Flaw(name, f"mcpstore.wire.{module}", old, new, f"{WIRE}/{tests}")


CONFIG_STORE = (
    _config(
        "two writers hold the lock at a time",
        "lock",
        "fcntl.LOCK_EX | fcntl.LOCK_NB",
        "fcntl.LOCK_SH | fcntl.LOCK_NB",
        "test_concurrent_saves.py::test_the_lock_of_a_directory_has_one_holder_at_a_time",
    ),
    _storage(
        "a file is renamed before it is on the disk",
        "                os.fsync(file)\n        finally",
        "                pass\n        finally",
        "test_atomic_save.py::test_a_failed_flush_is_never_retried",
    ),
    _storage(
        "a failed flush is tried again",
        "                os.fsync(file)\n        finally",
        "                try:\n                    os.fsync(file)\n"
        "                except OSError:\n                    os.fsync(file)\n        finally",
        "test_atomic_save.py::test_a_failed_flush_is_never_retried",
    ),
    _config(
        "the entry of the file in its directory is not flushed",
        "atomic_save",
        "            _confirm(folder, where)\n",
        "",
        "test_atomic_save.py::test_only_an_io_error_of_a_directory_flush_is_reported",
    ),
    _config(
        "nobody looks where the link leads by now",
        "atomic_save",
        "is_there = os.path.realpath(path) == target and",
        "is_there = True or",
        "test_concurrent_saves.py::test_a_symlink_that_changes_during_a_save_is_followed",
    ),
    _config(
        "what an editor renames over the file is not noticed",
        "atomic_save",
        "if stat_state(name, folder).identity != before.identity:",
        "if before.identity is None and stat_state(name, folder):",
        "test_concurrent_saves.py::test_a_change_by_an_editor_at_any_point_of_a_save_is_merged",
    ),
    _config(
        "a symbolic link is replaced by a file",
        "atomic_save",
        "    target = os.path.realpath(path)\n    if os",
        "    target = os.path.abspath(path)\n    if os",
        "test_atomic_save.py::test_a_symlink_stays_one_and_its_target_is_replaced",
    ),
    _config(
        "the mode of the file is lost",
        "atomic_save",
        "    os.fchmod(fd, stat.S_IMODE(like.st_mode))\n",
        "    pass\n",
        "test_atomic_save.py::test_the_mode_is_kept_with_any_umask",
    ),
    _storage(
        "everybody may read a new file",
        "flags, mode, dir_fd=folder)",
        "flags, 0o644, dir_fd=folder)",
        "test_atomic_save.py::test_a_new_file_and_its_directories_are_private_to_their_owner",
    ),
    _config(
        "hard links are parted",
        "atomic_save",
        "if status.st_nlink > 1:",
        "if status.st_nlink > 2:",
        "test_atomic_save.py::test_a_file_with_hard_links_is_refused",
    ),
    _storage(
        "a failed save leaves its temporary file",
        "            os.unlink(path, dir_fd=folder)\n        raise",
        "            pass\n        raise",
        "test_atomic_save.py::test_a_failed_flush_is_never_retried",
    ),
    _config(
        "what a killed writer left stays for ever",
        "atomic_save",
        "if entry.startswith(temporary_prefix(name)):",
        "if entry == temporary_prefix(name):",
        "test_atomic_save.py::test_temporary_files_of_a_killed_writer_are_removed",
    ),
    _config(
        "a file is written although nothing changes",
        "atomic_save",
        "if raw is not None and raw != before.raw:",
        "if raw is not None:",
        "test_atomic_save.py::test_an_edit_that_changes_nothing_does_not_write_the_file",
    ),
    _config(
        "a drive that is not mounted is taken for an empty file",
        "document",
        "if raw is None and self._reported not in {None, revision_of(None)}:",
        "if raw is None and self._reported == '':",
        "test_atomic_save.py::test_a_file_deleted_since_it_was_read_is_not_recreated",
    ),
    _config(
        "an edit does not mind what it finds",
        "values",
        "if edit.expect is not ANYTHING and not _is_expected(present, edit.expect, where, fitted):",
        "if edit.expect is MISSING and present is not MISSING:",
        "test_editing.py::test_an_unexpected_value_is_a_conflict_that_names_the_service",
    ),
    _config(
        "true is taken for one",
        "values",
        "(MISSING not in (present, value) and is_equal(present, value))",
        "(MISSING not in (present, value) and present == value)",
        "test_editing.py::test_true_differs_from_one_and_null_from_absence",
    ),
    _config(
        "of two members with one name one comes back",
        "json_edit",
        "[node.items[key]] if isinstance(key, int) else node.named.pop(key)",
        "[node.items[key]] if isinstance(key, int) else node.named.pop(key)[-1:]",
        "test_editing.py::test_edits_by_hand",
    ),
    _config(
        "the comma of the last item is forgotten",
        "syntax_tree",
        "        if self.items and not self.has_last_comma:\n",
        "        if self.items:\n",
        "test_editing.py::test_edits_by_hand",
    ),
)

FRAMING = (
    _wire(
        "a line of exactly a frame is too long",
        "message",
        "if len(line) > self._limit:",
        "if len(line) >= self._limit:",
        "test_framing.py::test_a_line_of_exactly_one_frame_is_accepted_and_one_byte_more_is_not",
    ),
    _wire(
        "the beginning of a line in two pieces is lost",
        "message",
        "lines[0] = bytes(tail) + lines[0]",
        "lines[0] = bytes(lines[0])",
        "test_framing.py::test_single_bytes_give_the_same_lines",
    ),
    _wire(
        "the beginning of a line comes twice",
        "message",
        "            tail.clear()\n",
        "",
        "test_framing.py::test_single_bytes_give_the_same_lines",
    ),
    _wire(
        "what came before a line that is too long is dropped",
        "message",
        "return self._overflow(lines[:number])",
        "return self._overflow([])",
        "test_framing.py::test_the_lines_do_not_depend_on_the_chunks",
    ),
    _wire(
        "lines come out after an overflow",
        "message",
        "        if self.overflowed:\n",
        "        if self.overflowed is None:\n",
        "test_framing.py::test_after_an_overflow_no_line_is_returned",
    ),
    _wire(
        "a line without end grows for ever",
        "message",
        "if len(tail) + len(rest) > self._limit:",
        "if len(rest) > self._limit:",
        "test_framing.py",
    ),
    _wire(
        "NaN is written",
        "message",
        "allow_nan=False",
        "allow_nan=True",
        "test_message.py::test_numbers_that_json_cannot_represent_are_not_written",
    ),
    _wire(
        "a message is written as UTF-8",
        "message",
        "separators=(",
        "ensure_ascii=False, separators=(",
        "test_message.py",
    ),
    _wire(
        "invalid UTF-8 makes a line unreadable",
        "message",
        '("utf-8-sig", "replace")',
        '("utf-8-sig", "ignore")',
        "test_message.py::test_odd_lines_are_parsed",
    ),
    _wire(
        "a request whose answer is unreadable waits for its deadline",
        "message",
        "match = _ID.search(line[:_ID_REACH]) or _ID.search(line[-_ID_REACH:])",
        "match = _ID.search(line[:_ID_REACH])",
        "test_message.py::test_an_unreadable_answer_names_the_request_it_was_for",
    ),
    _wire(
        "half a number is taken for a whole one",
        "message",
        "isinstance(value, float) and value.is_integer()",
        "isinstance(value, float)",
        "test_message.py::test_the_id_of_a_request_is_recognised_in_every_echoed_type",
    ),
    _wire(
        "control characters of a service reach the log",
        "message",
        'char if char.isprintable() else char.encode("unicode_escape").decode()',
        "char",
        "test_message.py::test_a_line_is_shown_on_one_line_without_control_characters_and_cut",
    ),
    _wire(
        "progress does not keep a call alive",
        "engine",
        "            pending.deadline = self._loop.time() + pending.timeout\n",
        "            pass\n",
        "test_requests.py::test_progress_keeps_a_long_call_alive",
    ),
    _wire(
        "one request too many is let in",
        "engine",
        "if len(self._requests) >= MAX_PENDING:",
        "if len(self._requests) > MAX_PENDING:",
        "test_requests.py::test_the_number_of_pending_requests_is_limited",
    ),
    _wire(
        "requests wait for a peer that is gone",
        "engine",
        "            _settle(pending, ConnectionLost(text))\n",
        "            del text\n",
        "test_requests.py::test_every_request_fails_when_the_peer_has_exited",
    ),
    _wire(
        "only the first deadline is noticed",
        "engine",
        "        if earliest < math.inf:\n",
        "        if earliest < 0:\n",
        "test_requests.py::test_each_request_has_its_own_timeout",
    ),
    _wire(
        "the timer is not set for the earliest deadline",
        "engine",
        "if deadline < (math.inf if self._timer is None else self._timer.when()):",
        "if self._timer is None and deadline < math.inf:",
        "test_requests.py::test_each_request_has_its_own_timeout",
    ),
    _wire(
        "an answer is taken twice",
        "engine",
        "return self._requests.pop(number, None) if",
        "return self._requests.get(number) if",
        "test_requests.py::test_a_second_answer_is_counted_and_dropped",
    ),
)
