"""Records shared by every layer."""
