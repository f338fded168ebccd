"""Who else has written: the number of the last write, known without asking.

A thread listens for the notice that every write gives, and asks the server itself four times a second besides, so that
a lost notice, or a pooler that swallows notices, costs a quarter of a second and no more. Where the thread has heard
nothing for a second, whoever wants the number asks the server.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from threading import Event, Thread

import psycopg

from guardlayer.knowledge.postgres.address import Address
from guardlayer.knowledge.postgres.connections import Connection, connect

NUMBER = b"SELECT generation FROM guardlayer_state"
_ASK_EVERY = 0.25
_TRUSTED = 1.0
_FIRST = 32  # questions answered by the server before a thread is worth it


class Watcher:
    """Knows the number of the last write of any process.

    Args:
        address: The database.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._asked = 0
        self._number = -1
        self._heard = float("-inf")
        self._stop = Event()
        self._thread: Thread | None = None

    @property
    def number(self) -> int | None:
        """The number, or ``None`` where the server has to be asked."""
        if time.monotonic() - self._heard < _TRUSTED:
            return self._number
        self._asked += 1
        if self._asked > _FIRST and self._thread is None and not self._stop.is_set():
            self._thread = Thread(target=self._watch, name="guardlayer-postgres", daemon=True)
            self._thread.start()
        return None

    def close(self, wake: Callable[[], object]) -> None:
        """Stop listening.

        Args:
            wake: Gives notice, so that the thread need not be waited for.
        """
        self._stop.set()
        self._heard = float("-inf")
        if self._thread is not None:
            with contextlib.suppress(psycopg.Error):
                wake()
            self._thread.join(timeout=2)

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                with contextlib.closing(connect(self._address)) as connection:
                    with contextlib.suppress(psycopg.errors.ReadOnlySqlTransaction):  # a standby gives no notice
                        connection.execute(f'LISTEN "{channel(self._address)}"'.encode())
                    self._ask(connection)
                    while not self._stop.is_set():
                        for _ in connection.notifies(timeout=_ASK_EVERY, stop_after=1):
                            pass
                        self._ask(connection)
            except psycopg.Error:
                self._stop.wait(_ASK_EVERY)

    def _ask(self, connection: Connection) -> None:
        at = time.monotonic()
        row = connection.execute(NUMBER).fetchone()
        if row is not None:
            self._number = row[0]
            self._heard = at


def channel(address: Address) -> str:
    """Return the name under which writes give notice."""
    return f"guardlayer_{address.schema}"
