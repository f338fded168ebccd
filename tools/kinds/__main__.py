"""The command line of the training tools."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from tools.kinds.options import OF_STAGE

_EXAMPLES = """\
examples:
  python -m tools.kinds corpus   --data ../shared/data --out runs/kinds
  python -m tools.kinds teach    --data runs/kinds --out runs/kinds
  python -m tools.kinds train    --data runs/kinds --out runs/kinds
  python -m tools.kinds evaluate --data ../shared/data --out runs/kinds
  python -m tools.kinds card     --data runs/kinds --out runs/kinds
"""
_HELP = {
    "corpus": "write the training corpus: by hand, by grammar, and hand-labelled public sentences found in --data",
    "teach": "fit a line through the encoder's vectors of the corpus; write it and what it says of sentences and words",
    "train": "fit the linear model on the corpus (and the teacher's labels) in --data; write it to --out",
    "evaluate": "measure the model in --out, and the rules, on every labelled set of --data",
    "card": "write the model card from the logs in --data and --out",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one stage; its options are the fields of the stage's ``Options``."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.kinds",
        description=sys.modules["tools.kinds"].__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    stages = parser.add_subparsers(dest="stage", required=True)
    for name, text in _HELP.items():
        stage = stages.add_parser(
            name, help=text, description=text, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        stage.add_argument("--data", type=Path, required=True, help="folder to read from")
        stage.add_argument("--out", type=Path, required=True, help="folder to write to")
        options: Any = OF_STAGE[name]
        for option in fields(options):
            if option.name in ("data", "out"):
                continue
            flag = f"--{option.name.replace('_', '-')}"
            if isinstance(option.default, bool):
                stage.add_argument(flag, action=argparse.BooleanOptionalAction, default=option.default)
            else:
                kind: Any = type(option.default)
                stage.add_argument(flag, type=kind, default=option.default, help=f"default: {option.default}")
    chosen = vars(parser.parse_args(arguments))
    name = chosen.pop("stage")
    getattr(importlib.import_module(f"tools.kinds.{name}"), name)(OF_STAGE[name](**chosen))
    return 0


if __name__ == "__main__":
    sys.exit(main())
