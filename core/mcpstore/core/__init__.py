"""The kernel: what a service is and how it moves. No I/O, no clock, no randomness."""
