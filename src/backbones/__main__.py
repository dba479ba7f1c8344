"""Command line: ``python -m backbones list`` and ``python -m backbones profile resnet50``."""

import argparse
import sys

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
    return main


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        if options.command == "list":
            print("\n".join(list_models(options.contains)))
        else:
            model = create_model(options.name, options.classes, in_channels=options.input[0])
            print(profile(model, options.input, options.depth))
    except ValueError as error:
        print(f"backbones: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
