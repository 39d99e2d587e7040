"""The tests of the configuration store and of the framing are worth what they notice."""

from __future__ import annotations

import pytest

from .flaws import CONFIG_STORE, FRAMING
from .judging import judged


@pytest.mark.timeout(300)
def test_every_flaw_of_the_configuration_store_and_of_the_framing_is_detected():
    assert judged() == {flaw.name: "killed" for flaw in (*CONFIG_STORE, *FRAMING)}


def test_the_flaws_are_many_and_differ():
    assert len(CONFIG_STORE) >= 10
    assert len(FRAMING) >= 10
    assert len({flaw.name for flaw in (*CONFIG_STORE, *FRAMING)}) == len(CONFIG_STORE) + len(FRAMING)
