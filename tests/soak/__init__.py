"""The soak test: a store under random faults for any duration. `nox -s soak` prints growth and leftovers."""
