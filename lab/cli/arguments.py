"""The words of the command line. Commands are imported when they are called, so that --help is quick."""

from __future__ import annotations

import argparse
import importlib.metadata
import re
from collections.abc import Callable, Sequence
from pathlib import Path

EXPERIMENT = "a preset's name (see: descent presets), or the file of a document or an experiment"
OUTPUT = Path("descent-output")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="descent",
        description="A debugger for gradient descent, in a window. Without a command it opens the window.",
        epilog="example: descent train lenet --export results",
    )
    top.add_argument(
        "--version", action="version", version=f"descent {importlib.metadata.version('descent')}"
    )
    _output(top)
    top.set_defaults(command=_open, experiment=None)
    commands = top.add_subparsers(title="commands", metavar="COMMAND")

    def add(
        name: str, command: Callable[[argparse.Namespace], int], says: str, example: str
    ) -> argparse.ArgumentParser:
        one = commands.add_parser(
            name,
            help=says[0].lower() + says[1:].split(".")[0],
            description=says,
            epilog=f"example: {example}",
        )
        one.set_defaults(command=command)
        return one

    one = add("open", _open, "Opens the window on an experiment.", "descent open spiral")
    one.add_argument("experiment", metavar="EXPERIMENT", help=EXPERIMENT)
    _output(one)

    one = add("train", _train, "Trains without a window.", "descent train lenet --epochs 30 --export results")
    one.add_argument("experiment", metavar="EXPERIMENT", help=EXPERIMENT)
    how_long = one.add_mutually_exclusive_group()
    how_long.add_argument(
        "--steps", metavar="N", type=_count, help="train N updates (default: as many as the task takes)"
    )
    how_long.add_argument(
        "--epochs", metavar="N", type=_count, help="go N times through the training examples"
    )
    _seed_and_threads(one)
    one.add_argument(
        "--export", metavar="DIR", type=_path, help="write weights, curves and the experiment to DIR"
    )
    one.add_argument("--json", action="store_true", help="make the last line of the output one JSON object")

    one = add(
        "picture",
        _picture,
        "Draws a view, or the whole window, after some training. Needs no screen.",
        "descent picture spiral --steps 3000 --view window --out spiral.png",
    )
    one.add_argument("experiment", metavar="EXPERIMENT", help=EXPERIMENT)
    one.add_argument(
        "--steps", metavar="N", type=_count, required=True, help="train N updates first; 0 shows the start"
    )
    one.add_argument(
        "--view", metavar="NAME", required=True, help="window, or a view's name; a wrong one lists them all"
    )
    one.add_argument("--out", metavar="FILE", type=_path, required=True, help="a .png, .svg or .pdf file")
    one.add_argument("--theme", choices=("light", "dark"), default="light", help="default: light")
    one.add_argument(
        "--size",
        metavar="WxH",
        type=_size,
        help="a PNG has twice as many pixels (default: what suits the view)",
    )
    _seed_and_threads(one)

    add("presets", _presets, "Lists the experiments that come with Descent.", "descent presets")

    one = add(
        "bench",
        _bench,
        "Measures speed on this machine, beside PyTorch's where it is installed.",
        "descent bench --json",
    )
    one.add_argument("--quick", action="store_true", help="measure for a shorter time, less exactly")
    one.add_argument("--operations", action="store_true", help="show instead where the time of a step goes")
    one.add_argument("--json", action="store_true", help="make the last line of the output one JSON object")

    one = add(
        "soak",
        _soak,
        "Uses the window at random for an hour, without a screen: nothing may fail, and memory must not grow.",
        "descent soak --minutes 5",
    )
    one.add_argument("--minutes", metavar="M", type=_minutes, default=60.0, help="for so long (default: 60)")
    one.add_argument("--seed", metavar="S", type=_whole(0, 2**31 - 1), default=1, help="of the dice")

    # lab.__main__ calls the doctor itself, before anything that may be missing is imported
    one = add("doctor", _doctor, "Looks whether this machine has what Descent needs.", "descent doctor --fix")
    one.add_argument("--fix", action="store_true", help="run the commands that mend it, where this may")
    return top


def with_command(arguments: Sequence[str]) -> list[str]:
    """The arguments with the command `open` where there is only a file, as a desktop passes it: descent a.descent."""
    first = arguments[0] if arguments else ""
    return ["open", *arguments] if first.lower().endswith((".descent", ".json")) else list(arguments)


def _output(one: argparse.ArgumentParser) -> None:
    says = f"where the results go when there is no screen (default: {OUTPUT})"
    one.add_argument("--out", metavar="DIR", type=_path, default=OUTPUT, help=says)


def _seed_and_threads(one: argparse.ArgumentParser) -> None:
    one.add_argument(
        "--seed",
        metavar="S",
        type=_whole(0, 2**31 - 1),
        help="names every random draw (default: the experiment's)",
    )
    one.add_argument(
        "--threads",
        metavar="T",
        type=_whole(1, 256),
        help="cores to use (default: all); the numbers are the same",
    )


def _whole(least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not re.fullmatch(r"\d{1,20}", text, re.ASCII) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"“{text}” is not a whole number from {least} to {most:,}")
        return int(text)

    return number


_count = _whole(0, 1_000_000_000)


def _minutes(text: str) -> float:
    if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"“{text}” is not a number of minutes")
    return float(text)


def _path(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the name is empty")
    return Path(text).expanduser()


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,5})[xX×](\d{1,5})", text, re.ASCII)
    width, height = map(int, found.groups()) if found else (0, 0)
    if not (64 <= width <= 10_000 and 64 <= height <= 10_000):
        raise argparse.ArgumentTypeError(f"“{text}” is not a size such as 1280x800, from 64 to 10,000 pixels")
    return width, height


def _open(chosen: argparse.Namespace) -> int:
    from lab.cli.window import open_window

    return open_window(chosen.experiment, chosen.out)


def _train(chosen: argparse.Namespace) -> int:
    from lab.cli.train import train

    return train(
        chosen.experiment,
        steps=chosen.steps,
        epochs=chosen.epochs,
        seed=chosen.seed,
        threads=chosen.threads,
        export=chosen.export,
        as_json=chosen.json,
    )


def _picture(chosen: argparse.Namespace) -> int:
    from lab.cli.picture import picture

    return picture(
        chosen.experiment,
        steps=chosen.steps,
        view=chosen.view,
        out=chosen.out,
        theme=chosen.theme,
        size=chosen.size,
        seed=chosen.seed,
        threads=chosen.threads,
    )


def _presets(chosen: argparse.Namespace) -> int:
    from lab.cli.experiments import list_presets

    return list_presets()


def _bench(chosen: argparse.Namespace) -> int:
    from lab import bench

    return bench.main(json=chosen.json, quick=chosen.quick, by_operation=chosen.operations)


def _soak(chosen: argparse.Namespace) -> int:
    from lab.bench import soak

    return soak.main(minutes=chosen.minutes, seed=chosen.seed)


def _doctor(chosen: argparse.Namespace) -> int:
    from lab import doctor

    return doctor.main(["--fix"] if chosen.fix else [])
