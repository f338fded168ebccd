"""Read the history of a folder out of a git repository: which file changed when, and what it then held.

The ``git`` executable is asked, since nothing reads packed objects better. A repository is other people's data, so
only plumbing that reads is called, with fixed arguments: no hook, alias, pager, signature check, text conversion or
network transport that a repository may configure is ever run, and no name from outside is read as an option or as a
pattern. The repository is named outright and never searched for, so that nothing above the folder is read by chance.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from guardlayer.errors import ConfigError, InputError
from guardlayer.knowledge.reading import shown

_ENVIRONMENT = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ALLOW_PROTOCOL": "",  # a partial clone would else fetch what it lacks, by a command of its configuration
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
    "PATH": os.defpath,
}
"""All that git sees of the environment: no ``GIT_DIR`` or the like of a caller who is himself run by git."""
_OPTIONS = ("--no-pager", "--no-replace-objects", "--no-optional-locks", "--literal-pathspecs")
_SETTINGS = ("core.fsmonitor=false", f"core.hooksPath={os.devnull}", "protocol.allow=never")
_RENAMES = ("-B", "-M50%", "-l1000")  # -B: two files that changed places were renamed too
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_GITLINK, _SYMLINK = "160000", "120000"


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit of the first-parent line.

    Attributes:
        commit: Its id.
        tree: Id of what it holds.
        seconds: When it was committed, in seconds since 1970.
    """

    commit: str
    tree: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a revision did to one path.

    Attributes:
        status: ``A`` added, ``M`` changed, ``D`` deleted, ``R`` renamed, ``T`` became another sort of thing.
        path: The path, as git holds it; after a rename the new one.
        former: The path before a rename.
        blob: Id of the content after the change.
        mode: Sort of thing it is now, six octal digits.
    """

    status: str
    path: bytes
    former: bytes | None
    blob: str
    mode: str

    @property
    def special(self) -> str | None:
        """Why this is no file, if it is none."""
        return {_GITLINK: "a submodule", _SYMLINK: "a symbolic link"}.get(self.mode)


class Repository:
    """A repository on disk. Use it as a context manager: reading contents keeps one process open.

    Args:
        path: A working tree, or a bare repository.

    Raises:
        ConfigError: There is no ``git`` to ask.
        InputError: Nothing at ``path`` is a repository with commits.
    """

    def __init__(self, path: Path) -> None:
        program = shutil.which("git")
        if program is None:
            raise ConfigError("git was not found; install it (https://git-scm.com) and see that it is on the PATH")
        self.path = path
        self._command = [program, f"--git-dir={_git_dir(path)}", *_OPTIONS]
        for setting in _SETTINGS:
            self._command += ("-c", setting)
        self._contents: subprocess.Popen[bytes] | None = None
        code, out, error = self._try("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        head = out.decode("ascii", "replace").strip()
        if code or not _ID.fullmatch(head):
            raise InputError(
                f"has no commit to read{f' ({error})' if error else ''}; check the repository with `git log`",
                path=shown(path),
            )
        self.head = head

    def __enter__(self) -> Repository:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        process, self._contents = self._contents, None
        if process is not None:
            process.kill()
            process.communicate()

    @property
    def shallow(self) -> bool:
        """Whether the clone lacks the beginning of its history."""
        return self._ask("rev-parse", "--is-shallow-repository").strip() == b"true"

    def holds(self, commit: str) -> bool:
        """Say whether ``commit`` is the newest one, or an ancestor of it."""
        return self._try("merge-base", "--is-ancestor", _checked(commit), self.head)[0] == 0

    def tree(self, commit: str) -> str:
        """Return the id of what a commit holds."""
        return self._ask("rev-parse", "--verify", f"{_checked(commit)}^{{tree}}").decode("ascii").strip()

    def empty_tree(self) -> str:
        """Return the id of the tree that holds nothing."""
        return self._ask("hash-object", "-t", "tree", "--stdin").decode("ascii").strip()

    def revisions(self, folder: bytes, *, after: str | None = None) -> list[Revision]:
        """Return the commits that changed something in ``folder``, oldest first, and always the newest one.

        Of a merge only the first parent is followed: what a branch wrote counts from the merge that brought it in.

        Args:
            folder: Path in the repository; empty for all of it.
            after: Leave out this commit and what it already held.
        """
        without = () if after is None else (f"^{_checked(after)}",)
        out = self._ask(
            "rev-list", "--first-parent", "--reverse", "--format=%H %T %ct", self.head, *without, "--", *_within(folder)
        )
        lines = [line for line in out.decode("ascii").splitlines() if not line.startswith("commit ")]
        if after != self.head and (not lines or not lines[-1].startswith(self.head)):
            shown_head = self._ask("rev-list", "--max-count=1", "--format=%H %T %ct", self.head).decode("ascii")
            lines.append(shown_head.splitlines()[-1])
        return [Revision(commit, tree, int(seconds)) for commit, tree, seconds in map(str.split, lines)]

    def changes(
        self, tree: str, revisions: Sequence[Revision], folder: bytes
    ) -> Iterator[tuple[Revision, list[Change]]]:
        """Yield what each revision changed in ``folder``, the first one compared with ``tree``."""
        pairs: list[tuple[str, str]] = []
        for revision in revisions:
            pairs.append((tree, revision.tree))
            tree = revision.tree
        asked = "".join(f"{old} {new}\n" for old, new in pairs).encode("ascii")
        out = self._ask(
            "diff-tree", "--stdin", "-r", "-z", "--raw", "--no-abbrev", *_RENAMES, "--", *_within(folder), given=asked
        )
        found = dict[tuple[str, str], list[Change]]()
        changed: list[Change] = []
        for head, change in _parsed(out):
            if change is None:
                changed = found[head] = []
            else:
                changed.append(change)
        for revision, pair in zip(revisions, pairs, strict=True):
            yield revision, found.get(pair, [])

    def sizes(self, blobs: Iterable[str]) -> dict[str, int]:
        """Return the sizes in bytes of those contents that are in the repository."""
        asked = "".join(f"{_checked(blob)}\n" for blob in blobs).encode("ascii")
        lines = (line.split() for line in self._ask("cat-file", "--batch-check", given=asked).splitlines())
        return {parts[0].decode("ascii"): int(parts[2]) for parts in lines if len(parts) == 3 and parts[1] == b"blob"}

    def content(self, blob: str) -> bytes:
        """Return one content; its size is the caller's business (:meth:`sizes`)."""
        if self._contents is None:
            self._contents = subprocess.Popen(  # noqa: S603 - fixed program and arguments, no shell
                [*self._command, "cat-file", "--batch"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
            )
        write, read = self._contents.stdin, self._contents.stdout
        assert write is not None
        assert read is not None
        try:
            write.write(f"{_checked(blob)}\n".encode("ascii"))
            write.flush()
            parts = read.readline().split()
            data = read.read(int(parts[2]) + 1) if len(parts) == 3 else b""
        except OSError as error:
            raise self._failed("cat-file", str(error)) from error
        if len(parts) != 3 or len(data) != int(parts[2]) + 1:
            raise self._failed("cat-file", f"{blob} cannot be read")
        return data[:-1]

    def _ask(self, *arguments: str, given: bytes = b"") -> bytes:
        code, out, error = self._try(*arguments, given=given)
        if code:
            raise self._failed(arguments[0], error or f"exit status {code}")
        return out

    def _try(self, *arguments: str, given: bytes = b"") -> tuple[int, bytes, str]:
        try:
            done = subprocess.run(  # noqa: S603 - fixed program, arguments that are ids or follow "--", no shell
                [*self._command, *arguments], input=given, capture_output=True, check=False, env=_ENVIRONMENT
            )
        except (OSError, ValueError) as error:
            raise self._failed(arguments[0], str(error)) from error
        return done.returncode, done.stdout, shown(done.stderr.decode("utf-8", "replace").strip()[:500])

    def _failed(self, command: str, error: str) -> InputError:
        return InputError(
            f"git {command} failed: {error}; check the repository with `git fsck`, or clone it again whole",
            path=shown(self.path),
        )


def _git_dir(path: Path) -> Path:
    """Return where the repository itself is: named outright, git neither searches upwards nor asks who owns it."""
    try:
        if (path / ".git").exists():
            return (path / ".git").absolute()
        if (path / "HEAD").is_file() and (path / "objects").is_dir():
            return path.absolute()
        what = "is a file; a bundle has to be cloned first (git clone FILE FOLDER)" if path.is_file() else None
        what = what or (
            "is not the top folder of a git repository; name that folder, and the part to read with path="
            if path.is_dir()
            else "does not exist; check the path"
        )
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error}); check the path", path=shown(path)) from error
    raise InputError(what, path=shown(path))


def _within(folder: bytes) -> tuple[str, ...]:
    return (os.fsdecode(folder),) if folder else ()


def _checked(name: str) -> str:
    """Let nothing but an object id reach git as an argument or as a line of its input."""
    if not _ID.fullmatch(name):
        raise InputError(f"{name[:80]!r} is not the id of a git object; the database or the repository is damaged")
    return name


def _parsed(out: bytes) -> Iterator[tuple[tuple[str, str], Change | None]]:
    """Read ``diff-tree --stdin -z --raw``: a line for each pair of trees, then what differs (git-diff-tree(1))."""
    at, pair = 0, ("", "")
    while at < len(out):
        if out[at] != ord(":"):
            end = out.index(b"\n", at)
            old, new = out[at:end].decode("ascii").split()
            at, pair = end + 1, (old, new)
            yield pair, None
            continue
        end = out.index(b"\0", at)
        _, mode, _, blob, status = out[at + 1 : end].decode("ascii").split()
        at, end = end + 1, out.index(b"\0", end + 1)
        former, path = None, out[at:end]
        if status[0] in "RC":
            at, end = end + 1, out.index(b"\0", end + 1)
            former, path = path, out[at:end]
        at = end + 1
        yield pair, Change(status[0], path, former, blob, mode)
