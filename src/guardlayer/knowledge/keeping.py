"""Keeping a knowledge layer: whether it is sound, and all of it out of one database and into another."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from guardlayer.errors import ConfigError, NotFoundError
from guardlayer.knowledge.checking import Checked, check
from guardlayer.knowledge.erasure import NOT_GIVEN, Erasable, Receipt, load_key
from guardlayer.knowledge.erasure.erasing import Wanted, erase, receipts
from guardlayer.knowledge.micros import to_micros
from guardlayer.knowledge.statement import cleaned, cleaned_name
from guardlayer.knowledge.transfer import Exported, Imported, export, import_
from guardlayer.knowledge.transfer.walking import Progress
from guardlayer.knowledge.vouching import Vouching
from guardlayer.temporal import When, instant

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Keeping(Vouching):
    """The knowledge layer as a whole."""

    def check(self, *, at: When | None = None) -> Checked:
        """Check every rule of the layer against every row: damage, dangling ids, overlaps, indexes out of step.

        What somebody should look at (conflicts, overdue reviews) is among what is found, and is no damage.

        Args:
            at: The instant for which conflicts and reviews are looked for; not given, now.

        Raises:
            StoreError: The database is so damaged that it cannot be read.
        """
        return check(self.store, self.ledger, self.store.now() if at is None else instant(at))

    def erase(
        self,
        subject: str,
        *,
        author: str,
        reason: str,
        log: Erasable | None = NOT_GIVEN,
        names: Iterable[str] = (),
        stores: Iterable[Erasable] = (),
        outside: Iterable[str] = (),
        models: Iterable[str] = (),
        key: Ed25519PrivateKey | str | os.PathLike[str] | None = None,
        preview: bool = False,
    ) -> Receipt:
        """Erase what is known of somebody, for good, and say in a receipt what was removed where.

        Facts about them and facts whose value names them, passages that name them, their names, proposals, findings and
        mentions are removed, history included; then the files are rewritten without what was deleted, and searched.
        Nothing of it can be brought back.

        Args:
            subject: Whom: their name, or an alias that is theirs alone. Somebody of whom nothing is recorded may be
                named in documents all the same.
            author: Who erases.
            reason: Why; the receipt keeps it, so it must not name them.
            log: The provenance log of the guards, or ``None`` if there is none. Where nothing is said of it, the
                receipt does not read as complete.
            names: Further names that stand for them alone. What is said of somebody under a name that is not known here
                is not found.
            stores: Further stores that can erase; see :class:`~guardlayer.knowledge.erasure.Erasable`.
            outside: What cannot be erased from here: backups, mirrors, replicas. The receipt names each, and does not
                read as complete.
            models: Models known to have been trained on it, beside those of :meth:`taught`.
            key: An Ed25519 key, or the path of its PEM file, to sign the receipt with.
            preview: Change nothing, and say what would be removed.

        Raises:
            AmbiguousError: The name is an alias of several entities.
            InputError: A part cannot be read, or author or reason name the subject.
            ConfigError: The key cannot be read, or a store cannot erase.
            StoreError: The database or the log cannot be written.
        """
        further = tuple(stores)
        for store in (*further, *(() if log is None or log is NOT_GIVEN else (log,))):
            if not callable(getattr(store, "erase", None)):
                raise ConfigError(
                    f"{store!r:.80} cannot erase: log= takes an open log, such as SqliteLog(path), and stores= takes "
                    "objects with erase(); name what cannot with outside="
                )
        signer = load_key(key) if isinstance(key, str | os.PathLike) else key
        wanted = Wanted(
            subject, tuple(names), author, reason, log, further, tuple(outside), tuple(models), signer, preview
        )  # fmt: skip
        return erase(self.store, self.ledger, wanted)

    def erasures(self) -> tuple[Receipt, ...]:
        """Return the receipts of all erasures, oldest first. They do not say of whom; see :meth:`Receipt.is_of`."""
        return receipts(self.store)

    def taught(
        self, model: str, entities: Iterable[str], *, digest: str | None = None, dataset: str | None = None
    ) -> int:
        """Record that a model was trained on what is known of some entities; erasing one of them names the model.

        Args:
            model: Its name.
            entities: Their names.
            digest: Of its weights.
            dataset: Name or digest of the training data.

        Returns:
            How many entities were recorded anew.

        Raises:
            NotFoundError: There is no entity of a name.
            AmbiguousError: A name stands for several.
        """
        name = cleaned(model, what="model")
        given = tuple(
            None if part is None else cleaned(part, what=what)
            for part, what in ((digest, "digest"), (dataset, "dataset"))
        )
        with self.store.write() as cursor:
            at, new = to_micros(self.store.tick()), 0
            for entity in entities:
                number = self.ledger.find_entity(cleaned_name(entity, what="entity"))
                if number is None:
                    raise NotFoundError(f"there is no entity {entity!r}")
                known = self.store.read(
                    "SELECT digest, dataset FROM taught WHERE model = ? AND entity = ?", (name, number)
                )  # fmt: skip
                if given not in known:
                    cursor.execute(
                        "INSERT INTO taught (model, digest, dataset, entity, recorded) VALUES (?, ?, ?, ?, ?)",
                        (name, *given, number, at),
                    )
                    new += 1
            return new

    def export(self, path: str | os.PathLike[str], *, progress: Progress | None = None) -> Exported:
        """Write all there is to a file of JSON lines, with its ids, versions and times; ``….gz`` is compressed.

        Args:
            path: The file. It appears when it is whole.
            progress: Called as ``progress(rows_done, rows_in_all, table)``.

        Raises:
            StoreError: The file cannot be written, or the database not be read.
        """
        return export(self.store, path, progress=progress)

    def import_(self, path: str | os.PathLike[str], *, progress: Progress | None = None) -> Imported:
        """Read a file that :meth:`export` wrote into this database, which must be empty: all of it, or nothing.

        Args:
            path: The file.
            progress: Called as ``progress(rows_done, 0, table)``.

        Raises:
            InputError: The file was cut off or changed, or is none, or the database is not empty.
            StoreError: It was written by a newer guardlayer, or the database cannot be written.
        """
        return import_(self.store, path, progress=progress)
