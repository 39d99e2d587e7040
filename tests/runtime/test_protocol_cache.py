"""What was learned of configurations is remembered, and does not grow for ever."""

from __future__ import annotations

from mcpstore.hooks import Era
from mcpstore.runtime import protocol_cache
from mcpstore.runtime.protocol_cache import Eras
from mcpstore.store.state_dir import StateDir


def test_the_least_recently_used_configurations_are_removed_from_the_cache(monkeypatch):
    monkeypatch.setattr(protocol_cache, "MOST", 3)
    known = Eras(dict.fromkeys("abcd", Era.LEGACY))
    assert list(known) == ["b", "c", "d"]
    known["b"] = Era.MODERN
    known["e"] = Era.LEGACY
    assert known == {"d": Era.LEGACY, "b": Era.MODERN, "e": Era.LEGACY}


def test_the_cache_file_does_not_grow_with_every_edit_of_a_configuration(monkeypatch, tmp_path):
    monkeypatch.setattr(protocol_cache, "MOST", 5)
    state = StateDir(tmp_path / "state")
    state.open()
    for number in range(20):
        state.write_eras({"steady": Era.MODERN, f"edited{number}": Era.LEGACY})
    assert state.read_eras() == {"steady": Era.MODERN} | {f"edited{n}": Era.LEGACY for n in range(16, 20)}
    state.close()
