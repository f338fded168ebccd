"""The commands of ``guardlayer``, and how an error becomes one line and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from guardlayer.cli import (
    auditing,
    checking,
    conflicts,
    demo,
    doctor,
    entities,
    erasing,
    extracting,
    facts,
    knowledge,
    loading,
    permissions,
    reviews,
    serving,
    sources,
    state,
    tables,
    terms,
    tracing,
)
from guardlayer.cli.exits import EPILOG, Exit, of_error
from guardlayer.cli.options import flowed
from guardlayer.cli.screen import complain, prepare
from guardlayer.errors import GuardlayerError


class _Group(TyperGroup):
    """Runs a command, and says in one line on stderr what went wrong."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            complain("interrupted")
            raise typer.Exit(Exit.INTERRUPTED) from None
        except BrokenPipeError:
            # Python flushes stdout once more on its way out; give it somewhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise typer.Exit(Exit.CLOSED) from None
        except GuardlayerError as error:
            if ctx.params["debug"]:
                raise
            complain(str(error))
            raise typer.Exit(of_error(error)) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            if _is_usage(error):
                if type(error).__name__ == "NoArgsIsHelpError":
                    raise
                complain(_usage(error))
                raise typer.Exit(Exit.USAGE) from None
            if ctx.params["debug"]:
                raise
            complain(
                f"unexpected {type(error).__name__}: {error}. This is a defect of guardlayer: "
                "please report it with what `guardlayer --debug …` prints"
            )
            raise typer.Exit(Exit.DEFECT) from None


def _is_usage(error: Exception) -> bool:
    """Say whether the error is the parser's own, whichever of click's homes it comes from."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def _usage(error: Any) -> str:
    where = getattr(getattr(error, "ctx", None), "command_path", "guardlayer")
    return f"{str(error.format_message()).rstrip('.')}; see {where} --help"


app = typer.Typer(
    cls=_Group,
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
demo.register(app)
checking.register(app)
auditing.register(app)
facts.register(app)
entities.register(app)
terms.register(app)
sources.register(app)
reviews.register(app)
conflicts.register(app)
loading.register(app)
knowledge.register(app)
tables.register(app)
extracting.register(app)
erasing.register(app)
tracing.register(app)
state.register(app)
permissions.register(app)
serving.register(app)
doctor.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        from guardlayer import __version__

        typer.echo(f"guardlayer-facts {__version__}")
        raise typer.Exit


def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Print the traceback of an error instead of one line.")
    ] = False,
) -> None:
    """Check what a model says against its sources, correct what is stale, and record where each fact came from.

    Every command takes --json: one JSON document on stdout and nothing else there. Colours follow the terminal and
    NO_COLOR; every colour comes with a symbol and a word.
    """


app.callback(help=flowed(root.__doc__))(root)


def run() -> None:
    """Run the command line; leaves the process."""
    prepare()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
