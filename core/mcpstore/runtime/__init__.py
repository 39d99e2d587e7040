"""The shell around the kernel: carries out what it says, in asyncio."""
