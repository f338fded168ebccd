"""Keeping a knowledge layer: whether it is sound, and all of it out of one database and into another."""

from __future__ import annotations

import os

from guardlayer.knowledge.checking import Checked, check
from guardlayer.knowledge.transfer import Exported, Imported, export, import_
from guardlayer.knowledge.transfer.walking import Progress
from guardlayer.knowledge.vouching import Vouching
from guardlayer.temporal import When, instant


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
