"""Records and helpers that all layers share."""
