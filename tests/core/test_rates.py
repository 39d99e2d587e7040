"""I9 and the hours of I10: how often a service is opened in the worst of worlds, and how soon it is back in a good one.

A life is played with virtual time: the machine, its timing, the restart window, and a world that decides how each
attempt ends. Chance is against us: every delay is as short as it may be.
"""

from __future__ import annotations

import itertools
import random
from bisect import bisect_left

import pytest

from mcpstore.core.actions import Arm
from mcpstore.core.backoff import cool_delay, retry_delay
from mcpstore.core.context import Act, Context
from mcpstore.core.events import (
    Closed,
    CloseFail,
    Expired,
    Failure,
    Lost,
    OpenFail,
    OpenOk,
    Start,
    Timer,
)
from mcpstore.core.lifecycle import step
from mcpstore.models.service import ServiceConnectionState
from mcpstore.models.timing import DEFAULT_TIMING as TIMING
from mcpstore.runtime.restart_intensity import RestartWindow

pytestmark = pytest.mark.timeout(600)  # all computing: a busy machine takes its time

DAY = 86_400
FAILS, REFUSES = "fails", "refuses"
SHORT_LIVES = [0, 1, 20, 60, 89, 91, 119, 121, 240, 599]
ENDINGS = [FAILS, *SHORT_LIVES, 601]
"""How an attempt may end: it fails, is refused, or the service lives so many seconds."""


class Life:
    """A service in a world that is out to make us busy."""

    def __init__(self, *, luck=0.0):
        self.ctx = step(Context(), Start())[0]
        self.now = 0.0
        self.luck = luck
        self.opens = []
        self.window = RestartWindow(TIMING.window_burst, TIMING.window)

    def happens(self, event, after=0.0):
        self.now += after
        before = self.ctx.epoch
        self.ctx, actions = step(self.ctx, event)
        if self.ctx.epoch != before:
            self.opens.append(self.now)
        return next((action for action in actions if isinstance(action, Arm)), None)

    def attempt(self, ending):
        """Let the attempt under way end, and whatever comes of it, until the next attempt begins."""
        epoch = self.ctx.epoch
        if isinstance(ending, str):
            failure = Failure.PERMANENT if ending == REFUSES else Failure.TRANSIENT
            self.happens(OpenFail(epoch=epoch, failure=failure))
        else:
            self.happens(OpenOk(epoch=epoch))
            if ending >= TIMING.stable:
                self.happens(Expired(Timer.STABLE), after=TIMING.stable)
                ending -= TIMING.stable
            self.now += ending
            self.happens(Lost(epoch=epoch, intensity=self.window.is_full(self.now)))
            self.window.add(self.now)
        self.wait(self.happens(Closed(epoch=epoch)))

    def wait(self, arm):
        retry = arm.timer is Timer.RETRY
        delay = (
            retry_delay(TIMING, arm.backoff_exponent, self.luck)
            if retry
            else cool_delay(TIMING, arm.reason, arm.failed_rounds, self.luck)
        )
        self.happens(Expired(arm.timer), after=delay)

    def most_within(self, seconds):
        """Return the most opens in any stretch of time of this length."""
        return max((bisect_left(self.opens, t + seconds) - i for i, t in enumerate(self.opens)), default=0)


def a_day_of(endings):
    life, ending = Life(), itertools.cycle(endings)
    while life.now <= DAY:
        life.attempt(next(ending))
    return life


def strategies(endings, seed):
    yield from itertools.product(endings)
    yield from itertools.product(endings, endings)
    for ending, then in itertools.product(endings, (FAILS, 0)):  # earn a new budget, then spend it
        yield from ((ending, *[then] * times) for times in (4, 8, 9))
    dice = random.Random(seed)
    for _ in range(40):
        yield tuple(dice.choices(endings, k=dice.randint(3, 12)))


def worst(endings, seed):
    lives = [a_day_of(strategy) for strategy in strategies(endings, seed)]
    return max(life.most_within(600) for life in lives), max(life.most_within(DAY) for life in lives)


def test_i9_no_world_causes_frequent_openings():
    in_ten_minutes, in_a_day = worst(ENDINGS, seed=1)

    assert in_ten_minutes <= 25
    assert in_a_day <= 1440


def test_i9_a_service_that_never_lives_ten_minutes_is_opened_less_and_less_often():
    in_ten_minutes, in_a_day = worst([FAILS, *SHORT_LIVES], seed=2)

    assert in_ten_minutes <= 25
    assert in_a_day <= 720


def test_i9_a_service_that_dies_before_the_window_counts_is_opened_every_five_minutes():
    longest = TIMING.window / TIMING.window_burst - TIMING.backoff_cap / 2  # with the shortest wait after it
    in_ten_minutes, in_a_day = worst([FAILS, *(life for life in SHORT_LIVES if life < longest)], seed=3)

    assert in_ten_minutes <= 25
    assert in_a_day <= 360 + 30  # and the bursts before the first rest


def test_i9_a_refused_service_is_opened_twice_an_hour():
    assert a_day_of([REFUSES]).most_within(DAY) <= 60


@pytest.mark.parametrize("luck", [0.0, 1.0])
@pytest.mark.parametrize("attempts", range(60))
def test_i10_a_healed_service_is_usable_within_six_minutes(attempts, luck):
    life = Life(luck=luck)
    for _ in range(attempts):
        life.attempt(FAILS)
    epoch = life.ctx.epoch
    life.happens(OpenFail(epoch=epoch, failure=Failure.TRANSIENT))

    healed = life.now  # just after an attempt has failed: the worst moment to heal
    life.wait(life.happens(Closed(epoch=epoch)))
    life.happens(OpenOk(epoch=life.ctx.epoch))

    assert life.ctx.connection is ServiceConnectionState.HEALTHY
    assert life.now - healed <= 360


def test_i10_survivors_delay_the_recovery_by_their_lifetime():
    life = Life(luck=1.0)
    life.happens(OpenFail(epoch=1, failure=Failure.TRANSIENT))
    for _ in range(100):
        life.happens(CloseFail(epoch=1))
        assert life.ctx.activity is Act.NONE
        life.happens(Expired(Timer.REAP), after=TIMING.reap_interval)
    life.wait(life.happens(Closed(epoch=1)))

    assert life.opens == [100 * TIMING.reap_interval + TIMING.backoff_base]
