"""Measurements, side by side in one run; `nox -s bench` prints them as ratios."""
