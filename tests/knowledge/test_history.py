"""A documents folder read through its git history: what was said when, and what took its place."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardlayer import Guard, Knowledge, Label
from guardlayer.errors import ConfigError, InputError, KnowledgeError, StoreError
from guardlayer.knowledge import git as git_module
from guardlayer.knowledge.history import ingest_git
from guardlayer.knowledge.store import Store
from guardlayer.types import Evidence, Standing

sys.path.insert(0, str(Path(__file__).parent))
from repository_made import Repo

NOW = datetime(2026, 1, 10, tzinfo=UTC)

if git_module.shutil.which("git") is None:
    pytest.skip("needs git; install it from https://git-scm.com", allow_module_level=True)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "acme")


@pytest.fixture
def kb():
    with Knowledge.open(clock=lambda: NOW) as kb:
        yield kb


def said(kb: Knowledge, text: str, at: datetime = NOW) -> dict[str, Evidence]:
    return {one.text: one for one in kb.passages.search(text, at=at, limit=10)}


OLD = "Requests time out after 30 seconds by default."
NEW = "Requests time out after 10 seconds by default."
KEPT = "Support answers every ticket within one working day."


def test_what_last_year_s_page_said_is_stale_with_the_date_and_the_new_sentence(repo, kb):
    """The whole promise: repository in, old statement out, with the day of the commit and what holds now."""
    repo.commit("2023-03-01", guide=f"# Guide\n\n{OLD}\n\n{KEPT}\n")
    repo.commit("2024-05-17", guide=f"# Guide\n\n{NEW}\n\n{KEPT}\n")
    result = kb.ingest_git(repo.path)
    assert str(result) == "1 files: 3 passages added, 0 kept, 1 superseded; 0 files skipped"

    guard = Guard(knowledge=kb, log=None)
    (old,) = guard.check(OLD, at=NOW).claims
    assert old.verdict is Label.STALE
    assert "until 2024-05-17" in old.reason
    assert NEW in old.reason
    assert isinstance(old.current, Evidence)
    assert (old.current.text, old.current.valid.start_text) == (NEW, "2024-05-17")
    assert {guard.check(text, at=NOW).claims[0].verdict for text in (NEW, KEPT)} == {Label.SUPPORTED}
    assert guard.check(OLD, at="2023-06-01").claims[0].verdict is Label.SUPPORTED


def test_a_version_is_named_by_its_commit_and_dated_by_the_committer(repo, kb):
    """What counts is when a change reached the branch, not when somebody began to write it."""
    first = repo.commit("2023-03-01", a=OLD)
    second = repo.commit("2024-05-17", author="2023-11-30", a=NEW)
    kb.ingest_git(repo.path)
    found = said(kb, "Requests time out")
    assert found[OLD].valid.end_text == found[NEW].valid.start_text == "2024-05-17"
    assert (found[OLD].source.version, found[NEW].source.version) == (first[:12], second[:12])
    assert found[NEW].source.id == "acme/docs/a.md"
    assert found[NEW].source.uri.endswith("/acme#docs/a.md")
    assert found[NEW].recorded == NOW


def test_unchanged_passages_keep_their_identity(repo, kb):
    """Moved within its page, or with its lines broken elsewhere, a passage has stood since it first did."""
    repo.commit("2021-01-01", a=f"{KEPT}\n\n{OLD}\n")
    repo.commit(
        "2022-01-01", a=f"Something new stands first here.\n\n{OLD}\n\n{KEPT.replace(' within', chr(10) + 'within')}\n"
    )
    kb.ingest_git(repo.path)
    found = {" ".join(text.split()): one for text, one in said(kb, f"{KEPT} {OLD}").items()}
    assert found[KEPT].valid.start_text == found[OLD].valid.start_text == "2021-01-01"
    assert found[KEPT].span.slice((repo.path / "docs/a.md").read_text()) == found[KEPT].text


def test_a_chain_of_edits_leads_to_what_holds_now(repo, kb):
    """Each wording names the last one, however many came between, with the date at which it itself ended."""
    for year, seconds in ((2019, 90), (2020, 60), (2021, 30), (2022, 10)):
        repo.commit(f"{year}-06-01", a=f"Requests time out after {seconds} seconds by default.")
    kb.ingest_git(repo.path)
    found = said(kb, "Requests time out after 90 seconds by default.")
    oldest = found["Requests time out after 90 seconds by default."]
    assert (oldest.standing, oldest.valid.end_text) == (Standing.SUPERSEDED, "2020-06-01")
    assert oldest.replaced_by.text == NEW
    then = said(kb, "time out seconds", at=datetime(2020, 9, 1, tzinfo=UTC))
    assert then["Requests time out after 90 seconds by default."].replaced_by.text.endswith("60 seconds by default.")


def test_renames_are_followed(repo, kb):
    """A page that is called otherwise, and edited on the way, is the same source with the same past."""
    body = "\n\n".join(f"Rule number {n} of the house is about topic {n * 7}." for n in range(12))
    repo.commit("2021-01-01", a=f"{OLD}\n\n{body}\n")
    kb.ingest_git(repo.path)
    repo.git("mv", "docs/a.md", "docs/b.md")
    repo.commit("2022-01-01", b=f"{NEW}\n\n{body}\n")
    (file,) = kb.ingest_git(repo.path).files
    assert (file.source, file.path, file.status, file.kept) == ("acme/docs/a.md", "docs/b.md", "changed", 12)
    found = said(kb, "Requests time out")
    assert found[OLD].replaced_by.text == NEW
    assert found[NEW].source.uri.endswith("#docs/b.md")
    repo.commit("2023-01-01", a="A new page under the old name says something else.")
    sources = {file.source for file in kb.ingest_git(repo.path).files}
    assert sources == {"acme/docs/a.md", "acme/docs/a.md (2)"}


def test_pages_that_change_places_keep_their_passages(repo, kb):
    """Renames of one commit happen at once."""
    one, two = "The first page speaks of apples and pears.", "The second page speaks of ships and harbours."
    orchard = "".join(f"\n\nTree {n} bears fruit." for n in range(40))
    fleet = "".join(f"\n\nBoat {n} goes to sea." for n in range(40))
    repo.commit("2021-01-01", a=one + orchard, b=two + fleet)
    repo.git("mv", "docs/a.md", "docs/c.md")
    repo.git("mv", "docs/b.md", "docs/a.md")
    repo.commit("2022-01-01")
    kb.ingest_git(repo.path)
    found = said(kb, f"{one} {two}")
    assert {(found[text].standing, found[text].valid.start_text) for text in (one, two)} == {
        (Standing.CURRENT, "2021-01-01")
    }


def test_a_page_whose_place_another_takes_has_ended(repo, kb):
    """Nothing stays current only because its file is still called the same."""
    orchard = "".join(f"\n\nTree {n} bears fruit." for n in range(40))
    fleet = "".join(f"\n\nBoat {n} goes to sea." for n in range(40))
    repo.commit("2021-01-01", a=OLD + orchard, b=KEPT + fleet)
    repo.git("mv", "-f", "docs/a.md", "docs/b.md")
    repo.commit("2022-01-01")
    kb.ingest_git(repo.path)
    found = said(kb, f"{OLD} {KEPT}")
    assert (found[OLD].standing, found[OLD].valid.start_text) == (Standing.CURRENT, "2021-01-01")
    assert (found[KEPT].standing, found[KEPT].valid.end_text) == (Standing.SUPERSEDED, "2022-01-01")
    assert found[OLD].source.uri.endswith("#docs/b.md")
    repo.commit("2023-01-01", b=NEW + orchard)
    kb.ingest_git(repo.path)
    assert said(kb, OLD)[OLD].replaced_by.text == NEW


def test_a_deleted_page_says_nothing_current(repo, kb):
    """What a page said ends with the commit that removed it; what another page took over is named."""
    repo.commit("2021-01-01", a=f"{OLD}\n\n{KEPT}\n")
    repo.commit("2022-02-02", a=None, b="Requests always time out after 10 seconds by default.")
    kb.ingest_git(repo.path)
    found = said(kb, f"{OLD} {KEPT}")
    assert (found[OLD].standing, found[OLD].valid.end_text) == (Standing.SUPERSEDED, "2022-02-02")
    assert found[OLD].replaced_by.source.id == "acme/docs/b.md"
    assert (found[KEPT].standing, found[KEPT].replaced_by) == (Standing.SUPERSEDED, None)
    repo.commit("2023-01-01", a=KEPT)
    kb.ingest_git(repo.path)
    assert said(kb, KEPT)[KEPT].valid.start_text == "2023-01-01"


def test_only_new_commits_are_read_and_again_changes_nothing(repo, kb, monkeypatch):
    """Incremental: the second reading asks for what the new commit holds and for nothing else."""
    repo.commit("2021-01-01", a=OLD, b=KEPT)
    kb.ingest_git(repo.path)
    before = dump(kb)
    result = kb.ingest_git(repo.path)
    assert {(file.status, file.kept) for file in result.files} == {("unchanged", 1)}
    assert dump(kb) == before
    read = []
    content = git_module.Repository.content
    monkeypatch.setattr(git_module.Repository, "content", lambda self, blob: read.append(blob) or content(self, blob))
    repo.commit("2022-01-01", a=NEW)
    result = kb.ingest_git(repo.path)
    assert {file.path: file.status for file in result.files} == {"docs/a.md": "changed", "docs/b.md": "unchanged"}
    assert len(read) == 1


def dump(kb: Knowledge) -> list:
    tables = ("doc_document", "doc_version", "passage_passage", "passage_place", "passage_state", "doc_history")
    return [kb.store.read(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]


def test_step_by_step_and_at_once_come_to_the_same(repo, tmp_path):
    """Read nightly or read once, the same statements stand for the same times."""
    commits = []
    with Knowledge.open(clock=lambda: NOW) as nightly, Knowledge.open(clock=lambda: NOW) as once:
        for number in range(8):
            pages = {
                "a": f"The limit of page one is {number // 2} items.\n\n{KEPT}\n",
                "b": None if number == 4 else f"Page two was edited {number} times by us.\n" if number != 5 else OLD,
            }
            commits.append(repo.commit(f"202{number}-01-01" if number < 6 else f"2025-0{number}-01", **pages))
            nightly.ingest_git(repo.path)
        once.ingest_git(repo.path)
        query = """
            SELECT p.text, o.effective_text, c.effective_text, c.state, s.text, d.source FROM passage_passage AS p
            JOIN doc_document AS d ON d.id = p.document
            JOIN doc_version AS o ON o.document = p.document AND o.number = p.opened
            LEFT JOIN doc_version AS c ON c.document = p.document AND c.number = p.closed
            LEFT JOIN passage_passage AS s ON s.id = p.successor ORDER BY 1, 2, 3"""
        assert nightly.store.read(query) == once.store.read(query)
        assert nightly.store.read("SELECT open, former FROM passage_state") == once.store.read(
            "SELECT open, former FROM passage_state"
        )


def test_of_a_merge_the_first_parent_counts(repo, kb):
    """What a branch wrote holds since it was merged, and what it tried on the way never held."""
    repo.commit("2021-01-01", a=OLD)
    repo.git("checkout", "-q", "-b", "work")
    repo.commit("2021-02-01", a="Requests time out after 77 seconds by default.")
    repo.commit("2021-03-01", a=NEW)
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "m", "work", when="2021-06-01T00:00:00Z")
    kb.ingest_git(repo.path)
    found = said(kb, "Requests time out seconds")
    assert set(found) == {OLD, NEW}
    assert found[NEW].valid.start_text == "2021-06-01"


def test_what_was_read_may_come_in_as_the_second_parent(repo, kb):
    """A clone that merged the other way round shows in the end what its newest commit holds."""
    repo.commit("2021-01-01", a=OLD, b=KEPT)
    repo.git("checkout", "-q", "-b", "local")
    repo.commit("2021-02-01", c="A local page was added beside the others.")
    repo.git("checkout", "-q", "main")
    repo.commit("2021-03-01", a=NEW)
    kb.ingest_git(repo.path)
    repo.git("checkout", "-q", "local")
    repo.git("merge", "-q", "--no-ff", "-m", "m", "main", when="2021-04-01T00:00:00Z")
    kb.ingest_git(repo.path)
    current = {t for t, e in said(kb, f"{OLD} {KEPT} local page added").items() if e.standing is Standing.CURRENT}
    assert current == {NEW, KEPT, "A local page was added beside the others."}


def test_a_rewritten_history_is_refused_and_the_message_says_what_to_do(repo, kb):
    """Nothing is guessed: dates that were read may be those of commits that no longer count."""
    repo.commit("2021-01-01", a=OLD)
    repo.commit("2021-02-01", a=KEPT)
    kb.ingest_git(repo.path)
    before = dump(kb)
    repo.git("reset", "-q", "--hard", "HEAD~1")
    repo.commit("2021-03-01", a=NEW)
    with pytest.raises(KnowledgeError, match=r"rewritten.*since=.*source="):
        kb.ingest_git(repo.path)
    assert dump(kb) == before
    kb.ingest_git(repo.path, since="2021-02-15")
    found = said(kb, f"{OLD} {KEPT}")
    assert (found[NEW].standing, found[NEW].valid.start_text) == (Standing.CURRENT, "2021-03-01")
    assert (found[KEPT].standing, found[KEPT].valid.end_text) == (Standing.SUPERSEDED, "2021-02-15")
    assert kb.ingest_git(repo.path).added == 0


def test_since_leaves_older_changes_unread(repo, kb):
    """What stood on that day counts as having stood before too: nobody looked when it began."""
    repo.commit("2019-01-01", a="Requests time out after 99 seconds by default.")
    repo.commit("2021-01-01", a=OLD)
    repo.commit("2023-01-01", a=NEW)
    kb.ingest_git(repo.path, since="2022")
    found = said(kb, "Requests time out")
    assert set(found) == {OLD, NEW}
    assert (found[OLD].valid.start, found[OLD].valid.end_text) == (None, "2023-01-01")


def test_the_beginning_of_a_shallow_clone_is_undated(repo, kb, tmp_path):
    """Where history is cut off, the day of the cut is not the day on which a page began to say so."""
    repo.commit("2019-01-01", a=OLD, b=KEPT)
    repo.commit("2021-01-01", a=NEW)
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.path}", str(tmp_path / "shallow"))
    kb.ingest_git(tmp_path / "shallow", source="acme")
    assert said(kb, KEPT)[KEPT].valid.start is None


def test_bare_repositories_and_worktrees_are_read(repo, kb, tmp_path):
    """What is asked is the repository, not the files that lie beside it."""
    repo.commit("2021-01-01", a=OLD)
    repo.git("clone", "-q", "--bare", str(repo.path), str(tmp_path / "bare.git"))
    repo.git("worktree", "add", "-q", str(tmp_path / "tree"))
    (repo.path / "docs/a.md").write_text("Not committed, and so never said.")
    sources = [kb.ingest_git(tmp_path / name).files[0].source for name in ("acme", "bare.git", "tree")]
    assert sources == ["acme/docs/a.md", "bare/docs/a.md", "tree/docs/a.md"]
    assert set(said(kb, "committed Requests time out")) == {OLD}


def test_ids_of_either_length_and_owners_of_any_name_are_read(tmp_path, kb):
    """Repositories with SHA-256 ids, and those that another user owns, are read: nothing in them is run."""
    repo = Repo(tmp_path / "r", "--object-format=sha256")
    repo.commit("2021-01-01", a=OLD)
    repo.commit("2022-01-01", a=NEW)
    if os.geteuid() == 0:  # only root may give files away; others read their own here
        for file in (tmp_path, *tmp_path.rglob("*")):
            os.chown(file, 12345, 12345, follow_symlinks=False)
    kb.ingest_git(repo.path)
    assert said(kb, OLD)[OLD].replaced_by.text == NEW


def test_a_clone_that_moved_is_the_same_history(repo, kb, tmp_path):
    """Commits say which history it is, the path only where to look."""
    repo.commit("2021-01-01", a=OLD, b=KEPT)
    kb.ingest_git(repo.path, source="handbook")
    repo.path.rename(tmp_path / "elsewhere")
    moved = Repo(tmp_path / "elsewhere")
    moved.commit("2022-01-01", a=NEW)
    kb.ingest_git(moved.path, source="handbook")
    assert said(kb, KEPT)[KEPT].source.uri.endswith("/elsewhere#docs/b.md")
    assert said(kb, OLD)[OLD].replaced_by.text == NEW


def test_what_is_no_document_is_named_with_its_reason(repo, kb):
    """Links, submodules, hidden files, other types, bytes that are no text, and what is too large."""
    other = Repo(repo.path.parent / "other")
    other.commit("2020-01-01", x="A page of another repository.")
    repo.write(a=OLD, latin="Caf\xe9 au lait costs three euros.".encode("latin-1"), big="word " * 100)
    (repo.path / "docs/link.md").symlink_to("a.md")
    (repo.path / "docs/.hidden.md").write_text("Hidden pages are not read.")
    (repo.path / "docs/logo.png").write_bytes(b"\x89PNG")
    repo.git("submodule", "--quiet", "add", str(other.path), "docs/sub.md")
    repo.commit("2021-01-01")
    result = ingest_git(kb.store, repo.path, max_bytes=200)
    reasons = {file.path.removeprefix("docs/"): file.reason for file in result.skipped}
    assert [file.path for file in result.files] == ["docs/a.md"]
    assert reasons.keys() == {"latin.md", "big.md", "link.md", ".hidden.md", "logo.png", "sub.md"}
    for name, part in {"latin": "not UTF-8", "big": "500 bytes", "link": "symbolic link", "sub": "submodule"}.items():
        assert part in reasons[f"{name}.md"]


def test_a_page_that_can_no_longer_be_read_is_vouched_for_no_longer(repo, kb):
    """Nobody knows what its newest version says, so that the one before is neither current nor superseded."""
    repo.commit("2021-01-01", a=OLD)
    repo.commit("2022-01-01", a=b"\xff\xfeodd\x00" + b"\xe9" * 3)
    result = kb.ingest_git(repo.path)
    assert "revision" in result.skipped[0].reason
    assert said(kb, OLD)[OLD].standing is Standing.RETRACTED
    assert Guard(knowledge=kb, log=None).check(OLD, at=NOW).claims[0].verdict is Label.UNSUPPORTED
    repo.commit("2023-01-01", a=OLD)
    result = kb.ingest_git(repo.path)
    assert (result.skipped, said(kb, OLD)[OLD].standing) == ((), Standing.CURRENT)


def test_one_unreadable_revision_between_two_is_passed_over(repo, kb):
    """Read at once, a slip that was put right is no end of what the page said."""
    repo.commit("2021-01-01", a=OLD)
    repo.commit("2022-01-01", a=b"caf\xe9")
    repo.commit("2023-01-01", a=OLD)
    result = kb.ingest_git(repo.path)
    assert (result.skipped, said(kb, OLD)[OLD].valid.start_text) == ((), "2021-01-01")


def test_a_page_that_becomes_a_link_has_ended(repo, kb):
    """A link is no document; its target speaks for itself."""
    repo.commit("2021-01-01", a=OLD, b=KEPT)
    (repo.path / "docs/a.md").unlink()
    (repo.path / "docs/a.md").symlink_to("b.md")
    repo.commit("2022-01-01")
    kb.ingest_git(repo.path)
    assert said(kb, OLD)[OLD].valid.end_text == "2022-01-01"


@pytest.mark.parametrize(
    "name", ["--output=pwned", "-x", ":(glob)**", "*", "a b\nc", "$(touch pwned)", "caf\xe9 #1?%41", "\udcff"]
)
def test_names_are_never_read_as_options_patterns_or_commands(tmp_path, kb, name):
    """Folders and files may be called anything."""
    repo = Repo(tmp_path / "r")
    folder = repo.path / name
    try:
        folder.mkdir()
    except (OSError, UnicodeError):
        pytest.skip("needs a file system that allows such a name")
    (folder / f"{name}.md").write_text(OLD)
    repo.commit("2021-01-01", a=KEPT)
    (folder / f"{name}.md").write_text(NEW)
    repo.commit("2022-01-01")
    (file,) = kb.ingest_git(repo.path, name, source="odd").files
    assert (file.added, file.closed) == (2, 1)
    assert kb.ingest_git(repo.path, name, source="odd").files[0].status == "unchanged"
    assert said(kb, OLD)[OLD].replaced_by.text == NEW
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("path", ["/etc", "../other", "docs/../../x", "a\0b"])
def test_a_folder_outside_of_the_repository_is_refused(repo, kb, path):
    """Only what is below the top of the repository is read."""
    repo.commit("2021-01-01", a=OLD)
    with pytest.raises(InputError, match="not a folder below the top"):
        kb.ingest_git(repo.path, path)


def test_nothing_that_a_repository_configures_is_run(repo, kb, tmp_path):
    """Hooks, monitors, pagers, aliases and signature checks of other people's repositories stay asleep."""
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    repo.commit("2021-01-01", a=OLD)
    repo.commit("2022-01-01", a=NEW)
    for key in (
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "gpg.program",
        "core.sshCommand",
        "alias.rev-list",
        "diff.x.textconv",
    ):
        repo.git("config", key, str(trap))
    for key, value in {
        "log.showSignature": "true",
        "core.hooksPath": str(tmp_path),
        "diff.noprefix": "true",
        "diff.renames": "false",
    }.items():
        repo.git("config", key, value)
    (repo.path / ".git/info/attributes").write_text("*.md diff=x filter=x\n")
    kb.ingest_git(repo.path)
    assert said(kb, OLD)[OLD].replaced_by.text == NEW
    assert not (tmp_path / "sprung").exists()


def test_the_environment_of_the_caller_leads_nowhere_else(repo, kb, tmp_path, monkeypatch):
    """Called from a hook, the repository that was named is read, not the one the hook runs in."""
    repo.commit("2021-01-01", a=OLD)
    other = Repo(tmp_path / "other")
    other.commit("2021-01-01", a=KEPT)
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", "nowhere")
    kb.ingest_git(repo.path)
    assert set(said(kb, f"{OLD} {KEPT}")) == {OLD}


def test_a_clone_without_its_contents_is_not_completed_from_the_network(repo, kb, tmp_path):
    """A partial clone is told apart from an empty page, and nothing is fetched."""
    repo.commit("2021-01-01", a=OLD)
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("clone", "-q", "--bare", "--filter=blob:none", f"file://{repo.path}", str(tmp_path / "partial.git"))
    with pytest.raises(InputError, match="clone it again whole"):
        kb.ingest_git(tmp_path / "partial.git")


def test_commits_without_order_in_their_dates_are_kept_in_order(repo, kb):
    """A clock that went back, or ahead, makes no interval that ends before it starts, or begins in the future."""
    repo.commit("2022-01-01", a="Requests time out after 99 seconds by default.")
    repo.commit("2021-01-01", a=OLD)
    repo.commit("2031-01-01", a=NEW)
    kb.ingest_git(repo.path)
    found = said(kb, "Requests time out")
    assert (found[OLD].valid.start_text, found[OLD].valid.end_text) == ("2022-01-01", "2026-01-10")
    assert found[NEW].standing is Standing.CURRENT


def test_a_failure_midway_keeps_nothing(repo, kb, monkeypatch):
    """Nobody ever sees a history half-read, with the statements of years ago as current ones."""
    for number in range(4):
        repo.commit(f"202{number}-01-01", a=f"The limit is {number} items for everybody.")
    before = dump(kb)

    def stop(done, total, commit):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kb.ingest_git(repo.path, progress=stop)
    assert dump(kb) == before
    seen = []
    kb.ingest_git(repo.path, progress=lambda *args: seen.append(args[:2]))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_two_readings_at_once_do_not_mix(repo, tmp_path):
    """Whoever comes second is told to run it again, and writes nothing."""
    repo.commit("2021-01-01", a=OLD)
    path = tmp_path / "k.db"
    with Knowledge.open(path, clock=lambda: NOW) as one, Knowledge.open(path, clock=lambda: NOW) as two:
        with pytest.raises(StoreError, match="run it again"):
            one.ingest_git(repo.path, progress=lambda *_: two.ingest_git(repo.path))
        assert one.ingest_git(repo.path).files[0].status == "unchanged"


def test_the_rank_may_be_raised_later(repo, kb):
    """A higher authority counts at once, for pages that have not changed too."""
    repo.commit("2021-01-01", a=OLD)
    kb.ingest_git(repo.path)
    kb.ingest_git(repo.path, authority=7)
    kb.ingest_git(repo.path)
    assert said(kb, OLD)[OLD].source.authority == 7


def test_a_single_file_and_a_whole_repository_may_be_read(repo, kb):
    """The folder is the user's choice."""
    (repo.path / "README.md").write_text("The readme greets its readers warmly.")
    repo.commit("2021-01-01", a=OLD)
    (single,) = kb.ingest_git(repo.path, "README.md", source="readme").files
    assert single.source == "readme/README.md"
    assert {file.source for file in kb.ingest_git(repo.path, "").files} == {"acme/README.md", "acme/docs/a.md"}


def test_mistakes_are_named_with_the_way_out(repo, kb, tmp_path, monkeypatch):
    """Every refusal says what was wrong and what to do."""
    (tmp_path / "x.bundle").write_bytes(b"# v2 git bundle\n")
    (tmp_path / "plain").mkdir()
    with pytest.raises(InputError, match="cloned first"):
        kb.ingest_git(tmp_path / "x.bundle")
    with pytest.raises(InputError, match="not the top folder"):
        kb.ingest_git(tmp_path / "plain")
    with pytest.raises(InputError, match="does not exist"):
        kb.ingest_git(tmp_path / "none")
    with pytest.raises(InputError, match="no commit"):
        kb.ingest_git(repo.path)
    repo.commit("2021-01-01", a=OLD)
    with pytest.raises(InputError, match="nothing was ever in manual"):
        kb.ingest_git(repo.path, "manual/")
    with pytest.raises(InputError, match="not a date"):
        kb.ingest_git(repo.path, since="soon")
    kb.ingest_git(repo.path)
    with pytest.raises(ConfigError, match="was read from docs"):
        kb.ingest_git(repo.path, "", source="acme/docs")
    kb.ingest(repo.path / "docs", source="folder")
    with pytest.raises(InputError, match="not read from git"):
        kb.ingest_git(repo.path, source="folder")
    monkeypatch.setattr(git_module.shutil, "which", lambda _: None)
    with pytest.raises(ConfigError, match="git was not found"):
        kb.ingest_git(repo.path)


def test_a_database_of_the_version_before_is_brought_up_to_date(tmp_path, repo):
    """What was ingested before histories were read is still there, and histories may be added."""
    from guardlayer.knowledge import store as module

    path = tmp_path / "old.db"
    (tmp_path / "a.md").write_text(KEPT)
    migrations = module.MIGRATIONS
    module.MIGRATIONS = migrations[:1]
    try:
        with Store.open(path, clock=lambda: NOW):
            pass
    finally:
        module.MIGRATIONS = migrations
    repo.commit("2021-01-01", a=OLD)
    with Knowledge.open(path, clock=lambda: NOW) as kb:
        kb.ingest(tmp_path / "a.md")
        kb.ingest_git(repo.path)
        assert {OLD, KEPT} <= set(said(kb, f"{OLD} {KEPT}"))
