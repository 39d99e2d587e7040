"""The kernel: state machines of services and alerts, registry, dependencies. No I/O, no clock, no randomness."""
