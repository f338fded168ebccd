"""The command line of the training tools."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

_EXAMPLES = """\
examples:
  python -m tools.entailment prepare  --data ../shared/data --out runs/mix
  python -m tools.entailment train    --data runs/mix --out runs/first --minutes 75
  python -m tools.entailment train    --data runs/mix --out runs/first --minutes 75      # goes on where it stopped
  python -m tools.entailment quantize --data runs/mix --out runs/first
  python -m tools.entailment evaluate --data ../shared/data --out runs/first
  python -m tools.entailment combine  --data ../shared/data --out runs/first
  python -m tools.entailment card     --data runs/mix --out runs/first
  python -m tools.entailment dense    --out runs/first
  python -m tools.entailment ship     --out runs/first
  python -m tools.entailment rank     --data ../shared/data --out runs/order
"""
_HELP = {
    "prepare": "read the labelled data (--data), build the mix, mark it, write it to --out",
    "focus": "take a smaller mix, mostly revisions, out of the mix in --data: for a last stage of training",
    "vary": "build a mix of copies about other names, squares, situations and a replay, for a further run",
    "train": "train on the mix in --data; checkpoints, log and weights go to --out",
    "average": "take the mean of the weights of two runs, --first and --second, of which one went on from the other",
    "quantize": "export the weights in --out to ONNX and int8; compare both on the watch set in --data",
    "evaluate": "measure the model in --out, and the baselines, on every development set of --data",
    "combine": "fit the combiner of the model in --out on releasable rows of --data that it has not seen",
    "card": "write the model card from the logs in --data and --out",
    "dense": "make the text encoder that shares the word vectors of the model in --out",
    "rank": "fit the order of what retrieval reads on training claims of --data; --out gets order.json",
    "ship": "put the model in --out, its combiner and its card into the package; check digests and sizes",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one stage; its options are the fields of the stage's ``Options``."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.entailment",
        description=sys.modules["tools.entailment"].__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    stages = parser.add_subparsers(dest="stage", required=True)
    for name, text in _HELP.items():
        stage = stages.add_parser(
            name, help=text, description=text, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        if name not in ("average", "dense", "ship"):
            stage.add_argument("--data", type=Path, required=True, help="folder to read from")
        out = "folder of the model" if name == "ship" else "folder to write to"
        stage.add_argument("--out", type=Path, required=True, help=out)
        for option in fields(_options(name)):
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
    _runner(name)(_options(name)(**chosen))
    return 0


def _module(name: str) -> Any:
    import importlib

    return importlib.import_module(f"tools.entailment.{name}")


def _options(name: str) -> Any:
    from tools.entailment import options

    return options.OF_STAGE[name]


def _runner(name: str) -> Any:
    return getattr(_module(name), name)


if __name__ == "__main__":
    sys.exit(main())
