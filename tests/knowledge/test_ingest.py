"""Documents taken in from disk, version by version."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guardlayer.errors import InputError, LimitError, NotFoundError, StoreError
from guardlayer.knowledge.passages import Passages
from guardlayer.knowledge.store import Store
from guardlayer.types import Standing

JANUARY = datetime(2026, 1, 10, 9, 30, tzinfo=UTC)
MARCH = datetime(2026, 3, 10, tzinfo=UTC)
MAY = datetime(2026, 5, 10, 12, 0, 0, 250_000, tzinfo=UTC)
JULY = datetime(2026, 7, 10, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.now = JANUARY

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def passages(clock):
    with Store.open(":memory:", clock=clock) as store:
        yield Passages(store)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


def found(passages, text, at):
    return {(one.text, one.standing) for one in passages.search(text, at=at, limit=10)}


def test_a_new_version_supersedes_what_it_no_longer_says(passages, clock, folder):
    """What vanished stands as superseded with the date; what stayed keeps its identity and its date."""
    page = folder / "refunds.md"
    page.write_text("# Refunds\n\nThe refund window is 60 days.\n\nSupport answers within one day.\n")
    assert str(passages.ingest(page)) == "1 files: 2 passages added, 0 kept, 0 superseded; 0 files skipped"
    (kept, *_) = passages.search("Support answers within one day.", at=clock.now)

    clock.now = MAY
    page.write_text(
        "# Refunds\n\nA new line stands first.\n\nThe refund window is 30 days.\n\nSupport answers within one day.\n"
    )
    result = passages.ingest(page)
    assert (result.added, result.kept, result.closed) == (2, 1, 1)
    assert result.files[0].status == "changed"

    now, *_, former = passages.search("The refund window is 60 days.", at=MAY)
    assert (now.text, now.standing, now.source.version) == ("The refund window is 30 days.", Standing.CURRENT, "2")
    assert (former.text, former.standing) == ("The refund window is 60 days.", Standing.SUPERSEDED)
    assert former.valid.end_text == now.valid.start_text == "2026-05-10"
    assert (former.source.version, former.recorded) == ("1", JANUARY)

    (again, *_) = passages.search("Support answers within one day.", at=MAY)
    assert (again.recorded, again.valid) == (kept.recorded, kept.valid)
    assert again.span.slice(page.read_text()) == again.text
    assert again.span != kept.span


def test_an_identical_file_is_left_as_it_is(passages, clock, folder):
    """Ingesting every night what did not change writes no version."""
    page = folder / "a.md"
    page.write_text("The fee is 3% of the amount.")
    passages.ingest(page)
    clock.now = MAY
    (file,) = passages.ingest(page, effective_from="2026-05-01").files
    assert (file.status, file.version, file.added, file.kept) == ("unchanged", "1", 0, 1)
    (one,) = passages.search("fee", at=JANUARY)
    assert one.valid.start is None


def test_a_new_authority_is_a_new_version_with_the_same_passages(passages, folder):
    """A rank that was given is never passed over because the text is the same."""
    page = folder / "a.md"
    page.write_text("The fee is 3% of the amount.")
    passages.ingest(page, authority=1)
    result = passages.ingest(page, authority=5)
    assert (result.kept, result.added, result.closed) == (1, 0, 0)
    (one,) = passages.search("fee", at=JANUARY)
    assert (one.source.authority, one.source.version) == (5, "2")
    passages.ingest(page)
    assert passages.search("fee", at=JANUARY)[0].source.authority == 5


@pytest.mark.parametrize(
    ("at", "old", "new"),
    [
        ("2026-03-31", Standing.CURRENT, Standing.FUTURE),
        ("2026-04-01", Standing.SUPERSEDED, Standing.CURRENT),
    ],
)
def test_effective_from_decides_which_version_holds(passages, clock, folder, at, old, new):
    """The day a version takes effect flips which passage is current, and no other day does."""
    page = folder / "fees.txt"
    page.write_text("The transfer fee is 3% of the amount.")
    passages.ingest(page, source="fees", effective_from="2025")
    clock.now = MAY
    page.write_text("The transfer fee is 4% of the amount.")
    passages.ingest(page, source="fees", effective_from="2026-04-01")
    instant = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert found(passages, "transfer fee", instant) == {
        ("The transfer fee is 3% of the amount.", old),
        ("The transfer fee is 4% of the amount.", new),
    }


def test_a_partial_date_keeps_its_precision(passages, folder):
    """A document in force from 2025 is not shown as if the day were known."""
    page = folder / "a.md"
    page.write_text("The fee is 3% of the amount.")
    passages.ingest(page, effective_from="2025")
    (one,) = passages.search("fee", at=JANUARY)
    assert (one.valid.start_text, one.source.effective.start_text) == ("2025", "2025")


def test_a_change_without_a_date_counts_at_once(passages, clock, folder):
    """The very next call reads the new version, though clock and transaction time are the same."""
    page = folder / "a.md"
    for number in range(4):
        page.write_text(f"The fee is {number}% of the amount.")
        passages.ingest(page)
    current = [one.text for one in passages.search("fee", at=clock.now) if one.standing is Standing.CURRENT]
    assert current == ["The fee is 3% of the amount."]


def test_what_is_back_is_current_again(passages, clock, folder):
    """A sentence that was taken out and put back stands once, as current."""
    page = folder / "a.md"
    for day, rate in ((JANUARY, 3), (MARCH, 4), (MAY, 3)):
        clock.now = day
        page.write_text(f"The fee is {rate}% of the amount.")
        passages.ingest(page)
    assert found(passages, "fee", MAY) == {
        ("The fee is 3% of the amount.", Standing.CURRENT),
        ("The fee is 4% of the amount.", Standing.SUPERSEDED),
    }


def test_supersedes_closes_another_source(passages, clock, folder):
    """A document that takes the place of another ends it, on the day it takes effect."""
    old, new = folder / "h2025.md", folder / "h2026.md"
    old.write_text("Staff have 25 days of annual leave.")
    new.write_text("Staff have 28 days of annual leave.")
    passages.ingest(old, source="Handbook 2025", effective_from="2025-01-01")
    clock.now = MAY
    result = passages.ingest(new, source="Handbook 2026", effective_from="2026-02-01", supersedes="Handbook 2025")
    assert [(file.source, file.status) for file in result.files] == [
        ("Handbook 2026", "new"),
        ("Handbook 2025", "superseded"),
    ]
    now, former = passages.search("annual leave 25 days", at=MAY)
    assert (now.source.id, now.standing) == ("Handbook 2026", Standing.CURRENT)
    assert (former.source.id, former.standing, former.valid.end_text) == (
        "Handbook 2025",
        Standing.SUPERSEDED,
        "2026-02-01",
    )


def test_superseding_nothing_is_an_error_and_keeps_nothing(passages, folder):
    """A misspelt source does not leave two handbooks standing side by side."""
    page = folder / "a.md"
    page.write_text("Staff have 28 days of annual leave.")
    with pytest.raises(NotFoundError, match="'Handbok'"):
        passages.ingest(page, supersedes="Handbok")
    assert passages.count() == 0


def test_a_folder_is_read_with_all_below_it(passages, folder, tmp_path):
    """Documents are found at any depth, in a fixed order; what is not read is listed with its reason."""
    outside = tmp_path / "secret.md"
    outside.write_text("This is outside of the folder.")
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "b.md").write_text("Second page says this much.")
    (folder / "a.txt").write_text("First page says this much.")
    (folder / "sub" / "deep" / "c.rst").write_text("Third page says this much.")
    (folder / "d.odt").write_bytes(b"%PDF")
    (folder / "LICENSE").write_text("Some licence text stands here.")
    (folder / ".git").mkdir()
    (folder / ".git" / "e.md").write_text("Hidden page says this much.")
    (folder / "out.md").symlink_to(outside)
    (folder / "in.md").symlink_to(folder / "b.md")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.md")
    seen = []
    result = passages.ingest(folder, progress=lambda *step: seen.append(step))
    assert [file.source for file in result.files] == ["docs/a.txt", "docs/b.md", "docs/sub/deep/c.rst"]
    assert [step[:2] for step in seen] == [(1, 3), (2, 3), (3, 3)]
    reasons = {Path(one.path).name: one.reason for one in result.skipped}
    assert reasons.keys() == {"d.odt", "LICENSE", ".git", "out.md", "in.md", "loop", "pipe.md"}
    assert ".odt is not among the types read" in reasons["d.odt"]
    assert reasons["out.md"] == "symbolic link that leaves the folder"
    assert not passages.search("outside hidden", at=JANUARY)


def test_a_file_that_is_gone_is_closed(passages, clock, folder):
    """A page that was deleted no longer says anything that is current."""
    (folder / "a.md").write_text("The fee is 3% of the amount.")
    (folder / "b.md").write_text("Support is open on weekdays only.")
    passages.ingest(folder)
    (folder / "a.md").unlink()
    clock.now = MAY
    result = passages.ingest(folder)
    assert {(file.source, file.status) for file in result.files} == {
        ("docs/a.md", "removed"),
        ("docs/b.md", "unchanged"),
    }
    assert found(passages, "fee", MAY) == {("The fee is 3% of the amount.", Standing.SUPERSEDED)}


def test_a_folder_that_moved_is_the_same_source_by_its_name(passages, clock, folder, tmp_path):
    """With ``source=`` the folder is the source wherever it lies, and what it no longer holds is gone."""
    (folder / "a.md").write_text("The fee is 3% of the amount.")
    (folder / "b.md").write_text("Support is open on weekdays only.")
    passages.ingest(folder, source="handbook")
    elsewhere = folder.rename(tmp_path / "checkout")
    (elsewhere / "b.md").unlink()
    result = passages.ingest(elsewhere, source="handbook")
    assert {(file.source, file.status) for file in result.files} == {
        ("handbook/a.md", "unchanged"),
        ("handbook/b.md", "removed"),
    }


def test_two_files_of_one_name_are_not_mixed_up(passages, folder):
    """Another file of the same name is never taken for a new version of the first."""
    for name in ("x", "y"):
        (folder / name).mkdir()
        (folder / name / "readme.md").write_text(f"This page speaks of {name} only.")
    passages.ingest(folder / "x" / "readme.md")
    with pytest.raises(InputError, match=r"readme\.md.*pass source="):
        passages.ingest(folder / "y" / "readme.md")
    passages.ingest(folder / "y" / "readme.md", source="y readme")
    assert passages.count() == 2


def test_a_file_known_by_another_way_is_the_same_file(passages, folder):
    """A page ingested alone and then with its folder is one source, so its next version supersedes."""
    page = folder / "a.md"
    page.write_text("The fee is 3% of the amount.")
    passages.ingest(page)
    page.write_text("The fee is 4% of the amount.")
    (file,) = passages.ingest(folder).files
    assert (file.source, file.version, file.closed) == ("a.md", "2", 1)


def test_one_file_under_two_sources(passages, folder):
    """A source that was named is taken at its word, even for content that stands already."""
    page = folder / "a.md"
    page.write_text("The fee is 3% of the amount.")
    passages.ingest(page, source="one")
    (file,) = passages.ingest(page, source="two").files
    assert (file.source, file.status, file.added) == ("two", "new", 1)


def test_retracted_passages_say_so(passages, folder):
    """What its source withdrew is found as retracted, not as current and not as superseded."""
    (folder / "a.md").write_text("The fee is 3% of the amount.")
    (folder / "b.md").write_text("The fee was waived in winter.")
    passages.ingest(folder)
    assert passages.retract("docs", reason="wrong folder") == 2
    assert {standing for _, standing in found(passages, "fee", JANUARY)} == {Standing.RETRACTED}
    assert passages.retract("docs/a.md") == 0
    with pytest.raises(NotFoundError, match="'dox'"):
        passages.retract("dox")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"fine\nbad \xff here", r"a\.md:2: byte 9 is not UTF-8 text; save the document as UTF-8"),
        (b"\xff\xfea", r"not UTF-16 text"),
    ],
)
def test_undecodable_bytes_are_an_error_that_says_where(passages, folder, data, message):
    """A file that is no text is named with the line, and nothing of its folder is taken in."""
    (folder / "0.md").write_text("A good page says this much.")
    (folder / "a.md").write_bytes(data)
    with pytest.raises(InputError, match=message):
        passages.ingest(folder)
    assert passages.count() == 0


def test_a_large_file_is_refused(passages, folder):
    """A bound on size is kept, and the message says how to get past it."""
    (folder / "a.md").write_text("x" * 101)
    with pytest.raises(LimitError, match=r"a\.md: is larger than 100 bytes.*max_bytes"):
        passages.ingest(folder, max_bytes=100)
    assert passages.ingest(folder, max_bytes=101).added == 1


@pytest.mark.parametrize("name", ["missing.md", "nul\0.md", "lone\ud800.md"])
def test_a_path_that_is_not_there(passages, folder, name):
    """A path nothing stands at, or nothing could, is our error."""
    with pytest.raises(InputError, match="check the path"):
        passages.ingest(folder / name)


def test_a_single_file_of_another_type(passages, folder):
    """A file that was asked for by name is never passed over in silence."""
    (folder / "a.odt").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"\.odt is not among the types read"):
        passages.ingest(folder / "a.odt")


def test_an_unreadable_date(passages, folder):
    """A date that is none names the argument."""
    (folder / "a.md").write_text("The fee is 3% of the amount.")
    with pytest.raises(InputError, match="effective_from 'soon'"):
        passages.ingest(folder, effective_from="soon")


def test_odd_bytes_do_no_harm(passages, folder):
    """NULs, a byte order mark, old line ends and a file name that is no UTF-8 are read; spans stay exact."""
    page = folder / "a.md"
    page.write_bytes(b"\xef\xbb\xbf# T\r\rThe fee\x00 is 3% of it.\r\nIt is low \xf0\x9f\x98\x80 here.\r")
    (folder / os.fsdecode(b"caf\xe9.md")).write_text("Coffee costs two coins today.")
    passages.ingest(folder)
    (one,) = passages.search("fee", at=JANUARY)
    assert one.span.slice(page.read_bytes().decode("utf-8-sig").replace("\0", "\ufffd")) == one.text
    assert passages.search("coffee", at=JANUARY)[0].source.id == "docs/caf\ufffd.md"


def test_an_empty_folder_is_no_error_and_no_success(passages, folder):
    """Nothing found is said, not raised: the result lists no file."""
    result = passages.ingest(folder)
    assert result.files == ()
    assert passages.count() == 0
    assert passages.search("anything", at=JANUARY) == ()


def test_a_failed_write_keeps_nothing(clock, folder, tmp_path):
    """On a read-only database ingesting fails whole, with the store's own error."""
    path = tmp_path / "k.db"
    Store.open(path, clock=clock).close()
    (folder / "a.md").write_text("The fee is 3% of the amount.")
    with Store.open(path, clock=clock, read_only=True) as store:
        passages = Passages(store)
        with pytest.raises(StoreError, match="read-only"):
            passages.ingest(folder)
        assert passages.count() == 0


def test_another_connection_sees_the_new_version(clock, folder, tmp_path):
    """What another process ingests is found by a search that has answered before."""
    page = folder / "a.md"
    with Store.open(tmp_path / "k.db", clock=clock) as one, Store.open(tmp_path / "k.db", clock=clock) as two:
        reader, writer = Passages(one), Passages(two)
        assert reader.search("fee", at=JANUARY) == ()
        page.write_text("The fee is 3% of the amount.")
        writer.ingest(page)
        assert [hit.text for hit in reader.search("fee", at=JANUARY)] == ["The fee is 3% of the amount."]
        clock.now = MAY
        page.write_text("The fee is 4% of the amount.")
        writer.ingest(page)
        assert reader.search("fee", at=MAY)[0].text == "The fee is 4% of the amount."
