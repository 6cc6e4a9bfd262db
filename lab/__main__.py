"""The command `descent`. Nothing is imported here but the doctor, who must speak when nothing else can."""

from __future__ import annotations

import sys

from lab import doctor


def main(argv: list[str] | None = None) -> int:
    """Runs `descent` with these arguments, by default the process's own; returns its exit status."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == ["doctor"]:
        return doctor.main(arguments[1:])
    python = doctor.check_python()
    if python.state != "ok":
        print(f"descent: {doctor.sentence([python])}", file=sys.stderr)
        return 1
    try:
        from lab import cli

        return cli.main(arguments)
    except ImportError as error:
        said = doctor.explain(error)
        if said is None:
            raise
        print(f"descent: {said}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
