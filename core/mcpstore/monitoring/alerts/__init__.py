"""Alert rules: built-in rules, conditions as CEL expressions, message templates, and their validation."""

from mcpstore.monitoring.alerts.builtin import DEGRADED, builtin_rules
from mcpstore.monitoring.alerts.expression import Expression
from mcpstore.monitoring.alerts.fields import manager_fields, service_fields
from mcpstore.monitoring.alerts.rules import concerns, prepared, rules_of
from mcpstore.monitoring.alerts.templates import span, worded

__all__ = [
    "DEGRADED",
    "Expression",
    "builtin_rules",
    "concerns",
    "manager_fields",
    "prepared",
    "rules_of",
    "service_fields",
    "span",
    "worded",
]
