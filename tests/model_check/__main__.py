"""Run the check and print its figures: `python -m tests.model_check`."""

from __future__ import annotations

import time

from tests.model_check import check


def main() -> None:
    """Check and print."""
    began = time.process_time()
    report = check()
    seconds = time.process_time() - began
    print(
        f"{report.states} states, {report.transitions} transitions ({report.moves} of them change something), "
        f"{seconds:.1f} s of CPU, no violation"
    )


if __name__ == "__main__":
    main()
