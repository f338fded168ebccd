"""``guardlayer erase``: take somebody out of every store, with a receipt; and look at a receipt."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from guardlayer.cli import options
from guardlayer.cli.exits import Exit
from guardlayer.cli.screen import Screen, line

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from guardlayer.knowledge import Knowledge
    from guardlayer.knowledge.erasure import Erasable, Receipt

KEY = ".guardlayer/receipts.pem"
"""Where the key for receipts is, unless it is said otherwise: under the working directory, beside the log."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    options.command(
        app,
        'guardlayer erase "Jane Doe" -k acme.db --author dana --reason "request 17" --receipt jane.json',
        'guardlayer erase "Jane Doe" -k acme.db --author dana --reason "request 17" --preview',
        'guardlayer erase --verify jane.json "Jane Doe"',
    )(erase)


def erase(
    *,
    subject: Annotated[
        str | None, typer.Argument(metavar="SUBJECT", help="Whom: their name, or an alias that is theirs alone.")
    ] = None,
    knowledge: options.KnowledgeOne = None,
    author: Annotated[str | None, typer.Option("--author", metavar="WHO", help="Who erases, for the receipt.")] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="WHY", help="Why, for the receipt: do not name them in it.")
    ] = None,
    also: Annotated[
        list[str], typer.Option("--also", metavar="NAME", help="A further name that is theirs alone. Repeatable.")
    ] = [],  # noqa: B006 - typer copies it
    log: options.LogOption = None,
    no_log: Annotated[bool, typer.Option("--no-log", help="There is no provenance log.")] = False,
    outside: Annotated[
        list[str],
        typer.Option("--outside", metavar="NAME", help="A store that cannot be erased from here. Repeatable."),
    ] = [],  # noqa: B006 - typer copies it
    model: Annotated[
        list[str], typer.Option("--model", metavar="NAME", help="A model known to be trained on it. Repeatable.")
    ] = [],  # noqa: B006 - typer copies it
    receipt: Annotated[Path | None, typer.Option("--receipt", metavar="FILE", help="Where the receipt goes.")] = None,
    key: Annotated[
        Path, typer.Option("--key", metavar="FILE", help="The Ed25519 key to sign with; made if it is not there.")
    ] = Path(KEY),
    preview: Annotated[bool, typer.Option("--preview", help="Change nothing, and say what would be removed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask on a terminal.")] = False,
    verify: Annotated[
        Path | None, typer.Option("--verify", metavar="FILE", help="Look at a receipt instead of erasing.")
    ] = None,
    public_key: Annotated[
        str | None, typer.Option("--public-key", metavar="BASE64", help="With --verify: whose signature it must bear.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Erase what is known of somebody, for good: facts, names, passages, proposals, and the answers in the log.

    The files are rewritten without what was deleted, and searched for the bytes of their names. The receipt names every
    store with what was removed, and what may be left. The exit code is 4 where something may be left, and for a receipt
    that proves nothing 1.
    """
    from guardlayer.errors import ConfigError, InputError

    screen = Screen.of(json=json)
    if verify is not None:
        raise typer.Exit(_look(screen, verify, subject, public_key))
    if subject is None:
        raise InputError("nobody is named; give their name, or a receipt to look at with --verify")
    if author is None or reason is None:
        raise ConfigError("an erasure needs --author and --reason; the receipt says who and why")
    if no_log and log is not None:
        raise ConfigError("give --log or --no-log, not both")
    from guardlayer.cli.building import open_required

    with open_required(knowledge) as kb:
        if not preview and not yes and not json and sys.stdin.isatty():
            _confirm(screen, kb, subject)
        done = kb.erase(
            subject, author=author, reason=reason, names=also, log=_log(log, no_log=no_log), outside=outside,
            models=model, key=None if preview else _key(screen, key), preview=preview,
        )  # fmt: skip
    if receipt is not None and not preview:
        _write(receipt, done.text())
    screen.data(done.to_json())
    screen.show(line_by_line(done))
    raise typer.Exit(Exit.FINE if done.complete or preview else Exit.INCOMPLETE)


def line_by_line(receipt: Receipt) -> str:
    """Return a receipt as people read it."""
    return "\n".join(line(part) if not part.startswith(" ") else f"  {line(part)}" for part in str(receipt).split("\n"))


def _confirm(screen: Screen, kb: Knowledge, subject: str) -> None:
    preview = kb.erase(subject, author="preview", reason="preview", log=None, preview=True)
    screen.show(line_by_line(preview))
    typer.confirm("This cannot be undone. Erase?", abort=True)


def _log(log: Path | None, *, no_log: bool) -> Erasable | None:
    from guardlayer.guard import DEFAULT_LOG
    from guardlayer.knowledge.erasure import NOT_GIVEN
    from guardlayer.provenance import SqliteLog

    if no_log:
        return None
    if log is None and not Path(DEFAULT_LOG).exists():
        nothing_said: Erasable = NOT_GIVEN
        return nothing_said
    return SqliteLog(DEFAULT_LOG if log is None else log)


def _key(screen: Screen, path: Path) -> Ed25519PrivateKey:
    from guardlayer.knowledge.erasure import load_key, make_key

    if path.exists():
        return load_key(path)
    made = make_key(path)
    screen.note(f"a key to sign receipts with was made: {path}; keep it, and give its public half to those who ask")
    return made


def _write(path: Path, text: str) -> None:
    from guardlayer.errors import InputError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"the receipt cannot be written there ({error.strerror}), but the database keeps it", path=str(path)
        ) from error


def _look(screen: Screen, path: Path, subject: str | None, public_key: str | None) -> Exit:
    from guardlayer.cli.building import read_file
    from guardlayer.knowledge.erasure import Receipt

    receipt = Receipt.from_text(read_file(path))
    signed, theirs = receipt.verify(public_key), None if subject is None else receipt.is_of(subject)
    screen.data({"receipt": receipt.to_json(), "signed": signed, "of_subject": theirs, "complete": receipt.complete})
    screen.show(line_by_line(receipt))
    screen.show(
        f"Signature: {'holds' if signed else 'does NOT hold: it was changed, not signed, or signed by another key'}"
        + (f", by {receipt.public_key}" if signed else "")
    )
    if subject is not None:
        screen.show(f"Subject: this {'is' if theirs else 'is NOT'} the receipt for that name")
    if not signed or theirs is False:
        return Exit.FINDINGS
    return Exit.FINE if receipt.complete else Exit.INCOMPLETE
