"""The demonstration: three small servers under management, and what happens to them."""
