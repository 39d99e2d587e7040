"""What is wrong with rules: those that raise, and those that keep the event loop from everybody else."""

from __future__ import annotations

import logging
from typing import Final

from mcpstore.plugin_manager.loaded_plugin import LOOP_STEP_LIMIT

__all__ = ["RuleErrors"]

MOST_SLOW: Final = 3
"""Evaluations in a row that take too long, after which a rule is not evaluated any more."""

_log = logging.getLogger("mcpstore.alerts")


class RuleErrors:
    """The faults of the rules of one store.

    Attributes:
        errors: How often each rule could not be evaluated, or took too long for it.
    """

    def __init__(self) -> None:
        self.errors: dict[str, int] = {}
        self._failing: dict[tuple[str, str], str] = {}
        self._slow: dict[str, int] = {}

    def failed(self, rule: str, service: str, what: str) -> bool:
        """Take note that a rule could not be evaluated; returns whether that is news.

        Args:
            rule: The rule.
            service: The service it looked at; empty for the manager.
            what: What happened.
        """
        key = (rule, service)
        self.errors[rule] = self.errors.get(rule, 0) + 1
        is_news = key not in self._failing
        if is_news:
            _log.warning("rule %r cannot be evaluated for %r: it %s", rule, service or "the manager", what)
        self._failing[key] = what
        return is_news

    def took(self, rule: str, service: str, seconds: float) -> bool:
        """Take note of how long an evaluation took; returns whether it went well now and had not before.

        Args:
            rule: The rule.
            service: The service it looked at; empty for the manager.
            seconds: How long it kept the event loop.
        """
        if seconds <= LOOP_STEP_LIMIT:
            self._slow.pop(rule, None)
            return self._failing.pop((rule, service), None) is not None
        self._slow[rule] = self._slow.get(rule, 0) + 1
        what = f"kept the event loop for {seconds:.2f} s; a condition must return at once"
        if self._slow[rule] == MOST_SLOW:
            what += ", so it is not evaluated any more"
            _log.warning("rule %r %s", rule, what)
        return self.failed(rule, service, what)

    def is_out(self, rule: str) -> bool:
        """Whether a rule is not evaluated any more."""
        return self._slow.get(rule, 0) >= MOST_SLOW

    def told(self) -> dict[str, str]:
        """Return what is wrong, by the names of the rules."""
        found: dict[str, str] = {}
        for (rule, service), what in self._failing.items():
            found.setdefault(rule, f"it {what}" + (f" (for {service})" if service else ""))
        return found

    def forget(self, service: str) -> None:
        """Forget what was wrong with rules about a service that is gone; a rule that is out stays out."""
        for key in [key for key in self._failing if key[1] == service and not self.is_out(key[0])]:
            del self._failing[key]

    def renew(self) -> None:
        """Forget everything: there are other rules now."""
        self.errors.clear()
        self._failing.clear()
        self._slow.clear()
