"""From options to a guard: which knowledge, which documents, which policy, which log."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from guardlayer.cli.options import ENV_KNOWLEDGE
from guardlayer.errors import ConfigError, InputError

if TYPE_CHECKING:
    from guardlayer.cli.screen import Screen
    from guardlayer.guard import Guard
    from guardlayer.knowledge import Knowledge

FACT_FILES = frozenset({".csv", ".jsonl", ".ndjson", ".json", ".yaml", ".yml"})
"""What ``--knowledge`` loads into memory; anything else is opened as a database."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options of ``check`` and ``audit`` ask for.

    Attributes:
        knowledge: Databases and fact files; where none is given, what the environment names.
        sources: Folders or files of documents.
        policy: Preset or policy file; ``None`` leaves what the configuration says.
        config: A ``guardlayer.toml``.
        log: Path of the provenance log; ``None`` leaves what the configuration says.
        no_log: Keep no record.
    """

    knowledge: Sequence[str] = ()
    sources: Sequence[Path] = ()
    policy: str | None = None
    config: Path | None = None
    log: Path | None = None
    no_log: bool = False

    @property
    def databases(self) -> list[str]:
        """Which of ``knowledge`` are databases."""
        return [name for name in self._named if not is_facts(name)]

    @property
    def fact_files(self) -> list[str]:
        """Which of ``knowledge`` are fact files."""
        return [name for name in self._named if is_facts(name)]

    @property
    def _named(self) -> Sequence[str]:
        from_environment = os.environ.get(ENV_KNOWLEDGE)
        return self.knowledge or ([from_environment] if from_environment else [])


def is_facts(name: str) -> bool:
    """Say whether ``--knowledge`` names a fact file rather than a database."""
    return "://" not in name and Path(name).suffix.lower() in FACT_FILES


def build(wanted: Wanted, screen: Screen) -> Guard:
    """Build the guard that the options describe.

    The first database answers first; what is loaded into memory, and further databases, are asked after it.

    Raises:
        GuardlayerError: Something named cannot be read.
    """
    from guardlayer.guard import DEFAULT_LOG, Guard

    # A path, so that the guard takes the place as chosen: --help says where records go, no report needs to.
    arguments: dict[str, Any] = {"log": Path(DEFAULT_LOG)}
    if wanted.config is not None:
        from guardlayer.config import load

        arguments = load(wanted.config, os.environ)
    given = arguments.get("knowledge")
    bodies = [given] if given is not None else []
    bodies += knowledge_of(wanted, screen)
    if bodies:
        arguments["knowledge"] = bodies[0]
        arguments["sources"] = [authority for body in bodies[1:] for authority in (body.keyed, body.retrieval)]
    if wanted.policy is not None:
        arguments["policy"] = wanted.policy
    if wanted.no_log:
        arguments["log"] = None
    elif wanted.log is not None:
        arguments["log"] = wanted.log
    if not bodies:
        screen.note("no knowledge is given, so only the evidence of the call answers; see --knowledge and --sources")
    return Guard(**arguments)


def knowledge_of(wanted: Wanted, screen: Screen) -> list[Knowledge]:
    """Open the databases, read-only, and load the fact files and documents into one body of knowledge in memory."""
    from guardlayer.knowledge import Knowledge

    bodies = [open_existing(name, read_only=True) for name in wanted.databases]
    files = wanted.fact_files
    if not files and not wanted.sources:
        return bodies
    memory = Knowledge.open(":memory:")
    for name in files:
        memory.load(name)
    for path in wanted.sources:
        for skipped in memory.ingest(path).skipped:
            screen.note(f"not read: {skipped.path}: {skipped.reason}")
    return [*bodies, memory]


def open_existing(name: str, *, read_only: bool = False) -> Knowledge:
    """Open a database that must be there: a mistyped name must not become an empty body of knowledge.

    Raises:
        InputError: There is no such file.
        StoreError: It cannot be opened.
    """
    from guardlayer.knowledge import Knowledge

    if "://" not in name and name != ":memory:" and not Path(name).exists():
        raise InputError(
            "no such knowledge database; `guardlayer load` and `guardlayer fact add` create one", path=name
        )
    return Knowledge.open(name, read_only=read_only)


def open_required(name: str | None, *, create: bool = False, read_only: bool = False) -> Knowledge:
    """Open the database of a command that needs one.

    Args:
        name: What ``--knowledge`` or its environment variable says.
        create: Whether it may be new.
        read_only: Refuse every write.

    Raises:
        ConfigError: None is named, or a fact file is.
    """
    from guardlayer.knowledge import Knowledge

    if not name:
        raise ConfigError("no knowledge database is named; give --knowledge DB, or set GUARDLAYER_KNOWLEDGE")
    if is_facts(name):
        raise ConfigError(f"{name} is a fact file; name a database, which `guardlayer load {name} -k facts.db` creates")
    return Knowledge.open(name) if create else open_existing(name, read_only=read_only)


def read_text(given: str | None) -> str:
    """Return the text that an argument stands for: ``-`` or nothing is stdin, an existing file is read.

    Raises:
        InputError: Nothing was given, the file is not there, or it is not UTF-8.
    """
    if given is None and sys.stdin.isatty():
        raise InputError("nothing to check; give a text, a file, or - for what comes on stdin")
    if given is None or given == "-":
        return _decoded(sys.stdin.buffer.read(), "stdin")
    path = Path(given)
    if _holds(path.is_file):
        return read_file(path)
    if _holds(path.is_dir):
        raise InputError("is a folder; give a text or a file, and documents to check against as --sources", path=given)
    if given and not any(character.isspace() for character in given) and path.suffix in {".txt", ".md", ".json"}:
        raise InputError("no such file; a text of one word cannot end like a file name", path=given)
    return given


def read_file(path: Path) -> str:
    """Return the text of a file.

    Raises:
        InputError: It cannot be read, or is not UTF-8.
    """
    try:
        return _decoded(path.read_bytes(), str(path))
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=str(path)) from error


def _holds(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except (OSError, ValueError):  # a text too long to be a file name
        return False


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 at byte {error.start}; convert it first", path=where) from error


def digest_of(paths: Iterable[str | Path]) -> str:
    """Return one SHA-256 over the names and contents of files and folders, 64 hexadecimal digits.

    Raises:
        InputError: One of them cannot be read.
    """
    total = hashlib.sha256()
    for path in map(Path, paths):
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        for file in files:
            try:
                with file.open("rb") as stream:
                    content = hashlib.file_digest(stream, "sha256").digest()
            except OSError as error:
                raise InputError(f"cannot be read: {error.strerror}", path=str(file)) from error
            total.update(hashlib.sha256(str(file).encode(errors="surrogateescape")).digest() + content)
    return total.hexdigest()


def fingerprint(wanted: Wanted) -> str:
    """Return a digest of everything that the verdicts rest on besides the policy.

    Databases count by the time of their last change and by how much they hold, files by their contents.

    Raises:
        GuardlayerError: Something named cannot be read.
    """
    total = hashlib.sha256(digest_of(wanted.fact_files).encode())
    total.update(digest_of([*wanted.sources, *([wanted.config] if wanted.config else [])]).encode())
    for name in wanted.databases:
        with open_existing(name, read_only=True) as knowledge:
            last = knowledge.store.read("SELECT last FROM tick")[0][0]
            total.update(f"{last} {knowledge.stats()}".encode())
    return total.hexdigest()
