"""The command line: ``guardlayer``.

Read ``app`` for the list of commands and how errors become exit codes, ``exits`` for those codes, ``screen`` for what
may reach a terminal, ``showing`` for how a report looks, and one module for each group of commands. Nothing heavy is
imported before a command runs, so that ``guardlayer --version`` answers at once.
"""

from __future__ import annotations


def main() -> None:
    """Run the command line and leave with its exit code; see :class:`guardlayer.cli.exits.Exit`."""
    from guardlayer.cli.app import run

    run()
