"""What HTTP adds to a connection: how a server is reached, what it answers, and what must not end with one call."""
