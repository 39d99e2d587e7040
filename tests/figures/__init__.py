"""Every figure that is promised, measured beside its target; `nox -s figures` prints them."""
