"""Calls of code that can block, be slow or never return."""
