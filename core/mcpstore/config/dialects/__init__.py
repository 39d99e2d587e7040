"""The dialects clients write their configuration in: what they are, where they stand, how they are told apart."""
