"""Erase somebody: from the tables, from what is left of them on disk, from the log, and from other stores that can."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from guardlayer.errors import InputError
from guardlayer.knowledge.erasure.receipt import Receipt, Taught, digest_of
from guardlayer.knowledge.erasure.subject import Subject, subject_of
from guardlayer.knowledge.erasure.sweep import Sweep
from guardlayer.knowledge.micros import to_micros
from guardlayer.knowledge.reading import path_of
from guardlayer.knowledge.statement import MAX_VALUE, cleaned, cleaned_name
from guardlayer.text import key
from guardlayer.types import Erased

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from guardlayer.knowledge.ledger import Ledger
    from guardlayer.knowledge.store import Store

NOT_GIVEN: Any = object()
"""Stands for a log of which nothing was said: that is no proof that there is none."""

_LOG = "provenance log"
_LOOKED_INTO = frozenset((".md", ".markdown", ".txt", ".text", ".rst", ".csv", ".html", ".htm", ".json", ".jsonl"))
_LARGEST = 64 * 1024 * 1024


class Erasable(Protocol):
    """A store beside the knowledge layer that can take somebody out: the provenance log, or one of your own."""

    def erase(self, mentioned: Callable[[str], bool], *, receipt: str, preview: bool) -> Erased:
        """Remove what names somebody, and say what was removed and what is left.

        Args:
            mentioned: Says whether a text names them.
            receipt: Identifier of the receipt, for the trace that the store keeps.
            preview: Change nothing, only count.
        """
        ...


class _UndoneError(Exception):
    """Rolls a preview back."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks to be erased.

    Attributes:
        subject: Whom: a name, or an alias that is not ambiguous.
        names: Further names that stand for them alone.
        author: Who erases.
        reason: Why.
        log: The provenance log; ``None`` where there is none.
        others: Further stores.
        outside: What the caller knows cannot be erased from here: backups, mirrors, replicas.
        models: Models that the caller knows to have been trained on it.
        key: What the receipt is signed with.
        preview: Change nothing.
    """

    subject: str
    names: tuple[str, ...]
    author: str
    reason: str
    log: Erasable | None
    others: tuple[Erasable, ...]
    outside: tuple[str, ...]
    models: tuple[str, ...]
    key: Ed25519PrivateKey | None
    preview: bool


def erase(store: Store, ledger: Ledger, wanted: Wanted) -> Receipt:
    """Erase, and return the receipt.

    Raises:
        AmbiguousError: The name is an alias of several entities.
        InputError: A part cannot be read, or author or reason name the subject: the receipt would keep it.
        StoreError: The database cannot be written. What other stores removed before that stays removed.
    """
    asked = cleaned_name(wanted.subject, what="subject")
    author, reason = cleaned(wanted.author, what="author"), cleaned(wanted.reason, what="reason", limit=MAX_VALUE)
    further = [cleaned_name(name, what="name") for name in wanted.names]
    receipt_id = secrets.token_hex(16)
    subject, shared = _subject(store, ledger, asked, further)
    for what, text in (("author", author), ("reason", reason)):
        if subject.mentioned(text):
            raise InputError(f"{what} names the subject, and the receipt would keep it; say it without the name")
    tainted = _tainted(store, subject, wanted.models)
    files = _originals(store, subject)
    own = _own(store, subject, receipt_id, preview=wanted.preview)
    stores = [_with(own, files, shared)]
    stores.append(_log(wanted.log, subject, receipt_id, preview=wanted.preview))
    stores += [other.erase(subject.mentioned, receipt=receipt_id, preview=wanted.preview) for other in wanted.others]
    stores += [Erased(name, {}, ("cannot be erased from here",)) for name in wanted.outside]
    salt = secrets.token_hex(16)
    receipt = Receipt(
        receipt_id, _moment(store), author, reason, salt, tuple(digest_of(salt, name) for name in subject.names),
        tuple(stores), tainted, wanted.preview,
    )  # fmt: skip
    if wanted.preview:
        return receipt
    if wanted.key is not None:
        receipt = receipt.signed(wanted.key)
    with store.write() as cursor:
        cursor.execute(
            "INSERT INTO erasure (at, complete, receipt) VALUES (?, ?, ?)",
            (to_micros(store.tick()), int(receipt.complete), receipt.text()),
        )
    return receipt


def receipts(store: Store) -> tuple[Receipt, ...]:
    """Return the receipts of all erasures, oldest first."""
    return tuple(Receipt.from_text(text) for (text,) in store.read("SELECT receipt FROM erasure ORDER BY id"))


def _subject(store: Store, ledger: Ledger, asked: str, further: Sequence[str]) -> tuple[Subject, int]:
    """Return whom the name stands for, and how many of their names others bear too."""
    entity = ledger.find_entity(asked)
    entities = () if entity is None else ledger.merged().group(entity)
    if not entities:
        return subject_of([asked, *further]), 0
    marks = ", ".join("?" * len(entities))
    rows = store.read(f"SELECT text, norm FROM alias WHERE entity IN ({marks}) ORDER BY id", entities)  # noqa: S608 - marks
    others = {
        norm
        for _, norm in rows
        if store.read(f"SELECT 1 FROM alias WHERE norm = ? AND entity NOT IN ({marks}) LIMIT 1", (norm, *entities))  # noqa: S608 - marks
    } - {key(asked)}
    own = [text for text, norm in rows if norm not in others]
    return subject_of([asked, *own, *further], entities), len(others)


def _own(store: Store, subject: Subject, receipt: str, *, preview: bool) -> Erased:
    """Take them out of the database, and then out of its files."""
    swept: Sweep | None = None
    try:
        with store.write() as cursor:
            swept = Sweep(store, cursor, subject, receipt=receipt, at=to_micros(store.tick()))
            swept.run()
            if preview:
                raise _UndoneError
    except _UndoneError:
        pass
    assert swept is not None  # a write that failed has raised
    left = list(swept.left)
    if not preview:
        left += store.compact()
        files = list(_files(store))
        found = sum(map(subject.raw, files)) - (subject.raw(_own_words(store)) if files else 0)
        if found > 0:
            left.append(f"its files still hold the bytes of a name, {found} times; look for others who bear it")
    removed = {name: count for name, count in sorted(swept.removed.items()) if count}
    return Erased(store.name, removed, tuple(left))


def _log(log: Erasable | None, subject: Subject, receipt: str, *, preview: bool) -> Erased:
    if log is NOT_GIVEN:
        return Erased(_LOG, {}, ("it was not said whether there is one: pass log=, or log=None if there is none",))
    if log is None:
        return Erased(f"{_LOG}: none, as was said")
    return log.erase(subject.mentioned, receipt=receipt, preview=preview)


def _tainted(store: Store, subject: Subject, models: Iterable[str]) -> tuple[Taught, ...]:
    found = [Taught(cleaned(model, what="model")) for model in models]
    if subject.entities:
        marks = ", ".join("?" * len(subject.entities))
        rows = store.read(
            f"SELECT model, digest, dataset FROM taught WHERE entity IN ({marks}) ORDER BY id",  # noqa: S608 - marks
            subject.entities,
        )
        found += [Taught(*row) for row in rows]
    return tuple(dict.fromkeys(found))


def _originals(store: Store, subject: Subject) -> list[str]:
    """Return what is left outside: where documents lie that name them, and would bring them back when read again."""
    found: dict[str, None] = {}
    last = 0
    while rows := store.read(
        "SELECT p.id, d.uri, d.source, p.text, p.lead FROM passage_passage p JOIN doc_document d ON d.id = p.document "
        "WHERE p.id > ? ORDER BY p.id LIMIT 5000",
        (last,),
    ):
        for _, uri, *texts in rows:
            if uri not in found and any(map(subject.mentioned, (uri, *texts))):
                found[uri] = None
        last = rows[-1][0]
    repositories = sum(uri.startswith("git+") for uri in found)
    files = sum(_names_them(uri, subject, uri in found) for (uri,) in store.read("SELECT uri FROM doc_document"))
    left = []
    if files:
        left.append(f"{files} documents on disk that name them are not ours to change, and would be read in again")
    if repositories:
        left.append(f"{repositories} documents in the history of a git repository, which keeps what they said")
    return left


def _names_them(uri: str, subject: Subject, indexed: bool) -> bool:
    """Say whether a file that was read still names them; what is no plain text does if its passages did."""
    path = path_of(uri) if uri.startswith("file:") else None
    if path is None or not path.is_file():
        return False
    if path.suffix.lower() not in _LOOKED_INTO or path.stat().st_size > _LARGEST:
        return indexed
    return subject.mentioned(path.read_text(encoding="utf-8", errors="replace"))


def _with(own: Erased, left: Sequence[str], shared: int) -> Erased:
    more = list(left)
    if shared:
        more.append(
            f"{shared} of their names stand for others as well; texts that hold only these were kept: pass names= for "
            "any that is theirs alone"
        )
    return Erased(own.store, own.removed, (*own.left, *more))


def _files(store: Store) -> Iterable[bytes]:
    if "://" in store.name or store.name == ":memory:":
        return
    for suffix in ("", "-wal", "-shm", "-journal"):
        path = Path(store.name + suffix)
        if path.exists():
            yield path.read_bytes()


def _own_words(store: Store) -> bytes:
    """Return what an SQLite file says of its tables: our words, in which a name may stand by chance."""
    words = store.read("SELECT name, tbl_name, coalesce(sql, '') FROM sqlite_schema")
    return "\n".join(word for row in words for word in row).encode()


def _moment(store: Store) -> str:
    return store.now().isoformat(timespec="seconds").replace("+00:00", "Z")
