"""Records of the kernel: what is, what happened, what to do."""
