"""The command `descent`: open the window, train, draw pictures, list presets, measure.

Exit status 0 only on success, 2 for a wrong call or file, 130 after Ctrl-C, 1 for everything else. What can go wrong
with any program (Ctrl-C, a reader that goes away) is caught in lab.__main__.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from lab.cli.arguments import parser, with_command
from lab.cli.interrupt import second_interrupt_ends
from lab.problem import ProblemError

FAILURE, WRONG_CALL = 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Runs `descent` with these arguments, by default the process's own; returns its exit status."""
    try:
        chosen = parser().parse_args(with_command(sys.argv[1:] if argv is None else argv))
        with second_interrupt_ends():
            status: int = chosen.command(chosen)
    except SystemExit as end:  # argparse has said why
        return end.code if isinstance(end.code, int) else FAILURE
    except ProblemError as error:
        for problem in error.problems:
            print(f"descent: {problem}", file=sys.stderr)
        return WRONG_CALL
    except MemoryError:
        print(
            "descent: the memory of this machine ran out; make the network or the batch smaller",
            file=sys.stderr,
        )
        return FAILURE
    return status
