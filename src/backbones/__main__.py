"""Command line: ``python -m backbones list``, ``... profile resnet50``, ``... experiment NAME``."""

import argparse
import sys
from pathlib import Path

from backbones import create_model, list_models
from backbones.profile import profile


def parser() -> argparse.ArgumentParser:
    """The command line's arguments."""
    main = argparse.ArgumentParser(prog="backbones", description="The book's models, measured.")
    commands = main.add_subparsers(dest="command", required=True)

    listing = commands.add_parser("list", help="names of the models")
    listing.add_argument("contains", nargs="?", default="", help="only names with this in them")

    table = commands.add_parser("profile", help="a table of a model's layers")
    table.add_argument("name", help="a name that `list` prints")
    table.add_argument("--input", type=int, nargs=3, default=(3, 224, 224), metavar=("C", "H", "W"))
    table.add_argument("--classes", type=int, default=1000, help="number of outputs")
    table.add_argument("--depth", type=int, help="fold modules below this level into one row")

    experiment = commands.add_parser("experiment", help="train what a chapter compares, and record")
    experiment.add_argument("name", nargs="?", help="an experiment; without one, all are listed")
    experiment.add_argument("--seeds", type=int, nargs="+", help="seeds to run; default: its own")
    experiment.add_argument("--variants", nargs="+", help="networks to train; default: all")
    experiment.add_argument("--data", help="another of its data sets than the first")
    experiment.add_argument("--folder", type=Path, help="where the record lies; default: package")
    return main


def run_experiment(options: argparse.Namespace) -> None:
    """Record an experiment, or list them all."""
    from backbones import experiments  # which brings in all data sets and accelerate

    if options.name is None:
        for name in experiments.names():
            print(f"{name:22} {experiments.find(name).question}")
        return
    lines = experiments.record(
        options.name,
        seeds=options.seeds,
        variants=options.variants,
        data=options.data,
        folder=options.folder,
    )
    for line in lines:
        print(line, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        if options.command == "list":
            print("\n".join(list_models(options.contains)))
        elif options.command == "experiment":
            run_experiment(options)
        else:
            model = create_model(options.name, options.classes, in_channels=options.input[0])
            print(profile(model, options.input, options.depth))
    except ValueError as error:
        print(f"backbones: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("backbones: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
