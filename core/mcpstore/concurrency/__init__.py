"""Running code that may block or never return."""
