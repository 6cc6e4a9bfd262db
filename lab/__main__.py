"""The command `descent`. Nothing is imported here but the doctor, who must speak when nothing else can."""

from __future__ import annotations

import io
import os
import sys

from lab import doctor

FAILURE, INTERRUPTED = 1, 130


def main(argv: list[str] | None = None) -> int:
    """Runs `descent` with these arguments, by default the process's own; returns its exit status."""
    speak_anywhere()
    try:
        status = run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("descent: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output is gone
        fall_silent()
        return FAILURE
    except (
        OSError
    ) as error:  # of the machine, where no one knew better: output to a full disk, no temporary folder
        fall_silent()
        print(
            f"descent: {error.strerror or error}{f': {error.filename}' if error.filename else ''}.",
            file=sys.stderr,
        )
        return FAILURE
    return status


def run(arguments: list[str]) -> int:
    if arguments[:1] == ["doctor"]:
        return doctor.main(arguments[1:])
    python = doctor.check_python()
    if python.state != "ok":
        print(f"descent: {doctor.sentence([python])}", file=sys.stderr)
        return FAILURE
    try:
        from lab import cli

        return cli.main(arguments)
    except ImportError as error:
        said = doctor.explain(error)
        if said is None:
            raise
        print(f"descent: {said}", file=sys.stderr)
        return FAILURE


def speak_anywhere() -> None:
    """Have what a terminal cannot show become a question mark, and what is closed swallow what is said."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  (for as long as the process lives)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def fall_silent() -> None:
    """What is still in the buffer can no longer be written, and Python would complain of that once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    raise SystemExit(main())
