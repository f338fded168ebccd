"""``guardlayer doctor``: is this installation sound?"""

from __future__ import annotations

import base64
import hashlib
import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.metadata import Distribution, PackageNotFoundError, distributions, entry_points, version
from pathlib import Path

import typer

from guardlayer.cli import options
from guardlayer.cli.exits import Exit
from guardlayer.cli.screen import Screen, line

OURS, THEIRS = "guardlayer-facts", "guardlayer"
WAL_FIXED = (3, 51, 3)
"""First SQLite release without the WAL-reset bug, which can corrupt a database that two connections write."""
FRAMEWORKS = {"langchain-core": "langchain-guardlayer", "llama-index-core": "llama-index-guardlayer"}
"""Frameworks, and the package that guards the objects of each."""


class State(StrEnum):
    """How one thing was found."""

    FINE = "fine"
    NOTE = "note"
    WRONG = "wrong"


_SHOWN = {State.FINE: ("✓", "green"), State.NOTE: ("·", "dim"), State.WRONG: ("✗", "bold red")}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: The thing.
        state: How it is.
        detail: What was found.
        advice: What to do; empty if nothing.
    """

    what: str
    state: State
    detail: str
    advice: str = ""


def register(app: typer.Typer) -> None:
    """Add the command."""
    options.command(
        app,
        "guardlayer doctor --knowledge acme.db",
        "python -m guardlayer.cli doctor     (where another package has taken the guardlayer command)",
    )(doctor)


def doctor(
    *,
    knowledge: options.KnowledgeOne = None,
    log: options.LogOption = None,
    json: options.Json = False,
) -> None:
    """Look at versions, SQLite, paths and plug-ins, and whether another package has overwritten this one.

    The exit code is 1 if something is wrong.
    """
    screen = Screen.of(json=json)
    findings = [
        *versions(),
        sqlite(),
        *frameworks(),
        writable("provenance log", log or Path(".guardlayer/provenance.db")),
        *([writable("knowledge", Path(knowledge))] if knowledge else []),
        *plugins(),
        model(),
        *clash(),
    ]
    wrong = sum(finding.state is State.WRONG for finding in findings)
    screen.data({"ok": not wrong, "findings": [asdict(finding) for finding in findings]})
    _show(screen, findings, wrong)
    raise typer.Exit(Exit.FINDINGS if wrong else Exit.FINE)


def versions() -> Iterator[Finding]:
    """Name what is running."""
    yield Finding("Python", State.FINE, f"{platform.python_version()} on {platform.platform(terse=True)}")
    try:
        yield Finding(OURS, State.FINE, version(OURS))
    except PackageNotFoundError:
        yield Finding(OURS, State.WRONG, "not installed; this is a bare source tree", f"install it: pip install {OURS}")


def sqlite() -> Finding:
    """Say which SQLite is in use, and whether it is safe with several writers."""
    import apsw

    return sqlite_finding(apsw.apsw_version(), apsw.sqlite_lib_version())


def sqlite_finding(binding: str, library: str) -> Finding:
    """Judge an SQLite by its version."""
    detail = f"{library}, through apsw {binding}"
    if tuple(int(part) for part in library.split(".")) >= WAL_FIXED:
        return Finding("SQLite", State.FINE, f"{detail}; has the fix for the WAL-reset bug")
    return Finding(
        "SQLite",
        State.WRONG,
        f"{detail}; older than {'.'.join(map(str, WAL_FIXED))}, and can corrupt a database that two connections write",
        "install the apsw wheel, which brings its own SQLite: pip install --upgrade --only-binary :all: apsw",
    )


def frameworks() -> Iterator[Finding]:
    """Name the frameworks, and the packages that guard their objects."""
    for framework, package in FRAMEWORKS.items():
        found, guarding = _version(framework), _version(package)
        if found and not guarding:
            yield Finding(
                framework, State.NOTE, f"{found}, without {package}", f"to guard its objects: pip install {package}"
            )
        elif found:
            yield Finding(framework, State.FINE, f"{found}, with {package} {guarding}")
        else:
            yield Finding(framework, State.NOTE, "not installed; not needed unless you use it")


def writable(what: str, path: Path) -> Finding:
    """Say whether a database can be written where ``path`` says, without creating it."""
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        if path.exists():
            if path.is_dir():
                return Finding(what, State.WRONG, f"{path}: is a folder", "name a file in it")
            if not os.access(path, os.R_OK | os.W_OK):
                return Finding(
                    what, State.WRONG, f"{path}: cannot be written", "make the file writable, or name another"
                )
        # SQLite writes files beside the database, so the folder counts even where the file exists. Only trying tells.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        advice = "make the folder writable, or name another path"
        return Finding(what, State.WRONG, f"{path}: {folder} cannot be written ({error.strerror})", advice)
    return Finding(what, State.FINE, f"{path}: can be written" + ("" if path.exists() else "; not there yet"))


def plugins() -> Iterator[Finding]:
    """Load every registered plug-in."""
    from guardlayer.plugins import GROUPS
    from guardlayer.wrapping.wrappers import GROUP as WRAPPERS

    for group in (*GROUPS, WRAPPERS):
        names, broken = [], []
        for point in sorted(entry_points(group=group), key=lambda point: point.name):
            origin = point.dist.name if point.dist else "?"
            names.append(point.name if origin == OURS else f"{point.name} ({origin})")
            try:
                point.load()
            except Exception as error:  # noqa: BLE001 - foreign code; whatever it raises is what we report
                broken.append(f"{point.name} ({point.value}, of {origin}): {type(error).__name__}: {error}")
        for text in broken:
            yield Finding(group, State.WRONG, f"does not load: {text}", "reinstall or remove its package")
        if not broken:
            yield Finding(group, State.FINE if names else State.NOTE, ", ".join(names) or "none")


def model() -> Finding:
    """Say which entailment model is in use, and whether its files are what they should be."""
    from guardlayer.errors import ConfigError
    from guardlayer.verifiers.entailment import files

    what, folder = "entailment model", files.SHIPPED
    if absent := files.missing(folder):
        return Finding(what, State.NOTE, "not used; passages are compared by words and values alone", absent)
    try:
        manifest = files.read_manifest(folder)
        for name in (files.NETWORK, files.TOKENIZER, files.COMBINER):
            files.checked(folder, name, manifest)
    except ConfigError as error:
        return Finding(what, State.WRONG, str(error), f"pip install --force-reinstall --no-deps {OURS}")
    versions = ", ".join(f"{name} {_version(name)}" for name in files.WHEELS)
    return Finding(what, State.FINE, f"{manifest.version}, {manifest.digest}, marks {manifest.marks}; {versions}")


def clash(path: Sequence[str] | None = None) -> Iterator[Finding]:
    """Say whether the unrelated distribution ``guardlayer`` is installed, and whether it has overwritten our files.

    It is a prompt-injection filter that installs the same import name and the same command.

    Args:
        path: Where to look for distributions; ``sys.path`` if not given.
    """
    found = {name: next(iter(_distributions(name, path)), None) for name in (OURS, THEIRS)}
    ours, theirs = found[OURS], found[THEIRS]
    changed = _changed(ours) if ours is not None else []
    repair = f"pip uninstall {THEIRS}; then pip install --force-reinstall --no-deps {OURS}"
    if theirs is not None:
        text = (
            f"the distribution {THEIRS!r} {theirs.version}, an unrelated prompt-injection filter, is installed "
            "and uses our import name"
        )
        damage = f"; it has overwritten {_listed(changed)}" if changed else ""
        yield Finding(
            "import name", State.WRONG, text + damage, f"{repair}; to use both, give each its own environment"
        )
    elif changed:
        text = f"files of {OURS} are not as they were installed: {_listed(changed)}"
        yield Finding("import name", State.WRONG, text, f"pip install --force-reinstall --no-deps {OURS}")
    else:
        yield Finding("import name", State.FINE, "guardlayer is ours")


def _distributions(name: str, path: Sequence[str] | None) -> Iterator[Distribution]:
    return iter(distributions(name=name) if path is None else distributions(name=name, path=list(path)))


def _changed(distribution: Distribution) -> list[str]:
    """Return the files whose contents are not what the installer recorded (RECORD, packaging.python.org)."""
    changed = []
    for file in distribution.files or ():
        if file.suffix != ".py" or file.hash is None or file.hash.mode != "sha256":
            continue
        try:
            digest = hashlib.sha256(Path(str(file.locate())).read_bytes()).digest()
        except OSError:
            changed.append(f"{file} (missing)")
            continue
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
            changed.append(str(file))
    return changed


def _listed(names: list[str]) -> str:
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + rest


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _show(screen: Screen, findings: Sequence[Finding], wrong: int) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        symbol, style = _SHOWN[finding.state]
        text = Text(line(finding.detail))
        if finding.advice:
            text.append(f"\n→ {line(finding.advice)}", style="bold" if finding.state is State.WRONG else "dim")
        table.add_row(Text(symbol, style=style), Text(finding.what, style=style), text)
    screen.show(table, f"{wrong} wrong" if wrong else "Nothing is wrong")
