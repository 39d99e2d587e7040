"""All promised figures, measured against their targets; `nox -s figures` prints them."""
