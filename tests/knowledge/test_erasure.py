"""Erasing somebody: that no byte is left, that nobody else is touched, and that the receipt tells the truth."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer import Guard, Knowledge
from guardlayer.errors import AmbiguousError, ConfigError, InputError
from guardlayer.knowledge.catalogue import tables
from guardlayer.knowledge.erasure import Receipt, Subject, load_key, make_key
from guardlayer.provenance import SqliteLog
from guardlayer.types import Erased

# What is looked for in the raw files: names, values, and the stems under which full text finds them.
TRACES = (
    b"zorblatt",
    b"zorbly",
    b"\xc5\xbborb\xc5\x82att",
    b"zorblat",
    b"555-0199",
    b"555-0200",
    b"5550199",
    b"bluefin",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the database and the log are, and nothing else."""
    place = tmp_path / "stores"
    place.mkdir()
    return place


def fill(kb: Knowledge, pages: Path) -> None:
    """Let one person into every corner, beside others."""
    pages.mkdir()
    (pages / "team.md").write_text("# Team\n\nJane Zorblatt leads sales.\n\nThe office is in Rome.\n", encoding="utf-8")
    (pages / "żorbłatt.md").write_text("# About\n\nShe plays the bluefin tuba.\n", encoding="utf-8")
    kb.ingest(pages, source="pages")
    (pages / "team.md").write_text("# Team\n\nZorblatt, Jane left.\n\nThe office is in Rome.\n", encoding="utf-8")
    kb.ingest(pages, source="pages")
    kb.entity("Jane Żorbłatt", aliases=["Jane Zorblatt", "Zorbly", "zorblatt"], type="person")
    phone = kb.add("Zorbly", "phone", "555-0199", source="hr")
    kb.correct(phone.id, "555-0200", author="dana", reason="typo")
    kb.attribute("ceo", cardinality="one")
    bob = kb.add("Acme", "ceo", "Bob Ross", source="register", valid_from="2020")
    kb.supersede(bob.id, "Jane Zorblatt", valid_from="2024", source="register")
    kb.add("Acme", "assistant", "Ann", qualifiers={"of": "Jane Zorblatt"}, source="hr")
    kb.add("Acme", "salary of Jane Zorblatt", "9", source="hr")
    kb.add("Acme", "office", "Rome", source="email of Jane Zorblatt", author="J. Zorblatt", reason="Zorbly said so")
    kb.source("email of Jane Zorblatt", owner="Zorbly", review_after="2030")
    kb.propose("correct", fact=phone.id, value="555-0200-1", author="lee")
    kb.propose("add", entity="Zorbly", attribute="pet", value="bluefin", author="lee")
    kb.propose("add", entity="Acme", attribute="fleet", value="3", author="Zorbly")
    kb.taught("ft:voice-1", ["Zorbly"], dataset="train.jsonl")
    kb.taught("ft:voice-2", ["Acme"])


def traces(folder: Path) -> dict[str, int]:
    """Count the traces in every file, the write-ahead log and its index included."""
    found = {}
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes().lower() if path.is_file() else b""
        count = sum(data.count(trace) for trace in TRACES)
        if count:
            found[path.name] = count
    return found


class TestErasing:
    """What is gone."""

    def test_leaves_no_byte(self, folder: Path, tmp_path: Path) -> None:
        """A raw search of every file finds no name, no value and no indexed word; what is others' is as it was."""
        kb = Knowledge.open(folder / "k.db")
        fill(kb, tmp_path / "pages")
        log = SqliteLog(folder / "log.db")
        guard = Guard(knowledge=kb, log=log)
        guard.check("The phone of Jane Zorblatt is 555-0199.")
        guard.check("The office of Acme is in Rome.")
        kb.reviews.from_log(log, at_least=1)
        assert traces(folder).keys() >= {"k.db-wal", "log.db-wal"}
        hashes = [record.leaf_hash for record in log.records()]
        for page in (tmp_path / "pages").iterdir():
            page.unlink()
        receipt = kb.erase("zorbly", author="dana", reason="request 17", log=log)
        assert traces(folder) == {}
        assert receipt.complete, str(receipt)
        assert receipt.removed > 15
        assert [(one.model, one.dataset) for one in receipt.tainted] == [("ft:voice-1", "train.jsonl")]
        assert kb.ask("Acme", "office").value == "Rome"
        assert [fact.value for fact in kb.history("Acme", "ceo")] == ["Bob Ross", "Bob Ross"]
        assert not kb.ask("Jane Zorblatt", "phone").facts
        assert kb.passages.count() == 1
        assert [item.proposal.verb for item in kb.reviews.items()] == []
        assert kb.check().sound
        # Proofs over the log hold: every record is in its place, under the hash it always had.
        assert [record.leaf_hash for record in log.records()] == hashes
        assert log.verify() == len(hashes)
        assert guard.check("The office of Acme is in Rome.").ok
        kb.close()
        log.close()
        assert traces(folder) == {}

    def test_of_a_large_layer_many_times(self, folder: Path) -> None:
        """Whoever is erased, nobody else is touched, and the index holds no word that was only theirs."""
        draw = random.Random(7)
        people = [f"Person{number:03} Qx{draw.getrandbits(40):x}" for number in range(60)]
        pages = folder.parent / "pages"
        pages.mkdir()
        for number in range(0, 60, 6):
            text = "\n\n".join(f"{name} works on floor {i}." for i, name in enumerate(people[number : number + 6]))
            (pages / f"{number}.txt").write_text(text)
        kb = Knowledge.open(folder / "k.db")
        for page in sorted(pages.iterdir()):
            kb.ingest(page)
            page.unlink()
        for name in people:
            kb.add(name, "floor", "3", source="hr")
        for name in draw.sample(people, 8):
            people.remove(name)
            assert kb.erase(name, author="dana", reason="request", log=None).complete
            data = b"".join(path.read_bytes().lower() for path in folder.iterdir())
            assert name.lower().split()[1].encode() not in data
        assert kb.passages.count() == len(people)
        assert all(kb.ask(name, "floor").value == "3" for name in people)
        assert all(kb.passages.search(name, at=kb.store.now()) for name in people)
        assert kb.check().findings == ()

    def test_names_in_any_table_are_found(self, folder: Path) -> None:
        """A text column of whatever table: after the erasure no row of any of them names the subject."""
        kb = Knowledge.open(folder / "k.db")
        kb.entity("Jane Zorblatt")
        kb.add("Acme", "office", "Rome")
        connection = kb.store._connection  # type: ignore[attr-defined]  # rows that no verb would write
        connection.execute("PRAGMA foreign_keys = OFF")
        for number, table in enumerate(tables(), 100):
            if table.name in ("erasure", "permission_policy") or not table.texts:
                continue
            values = [
                "Jane Zorblatt" if column.kind == "TEXT" else b"jane zorblatt" if column.kind == "BLOB" else number
                for column in table.columns
            ]
            if table.name == "review_item":
                values[2], values[3], values[4] = f"{number}", json.dumps({"verb": "finding"}), "open"
            if table.name == "doc_version":
                values[2] = "present"
            if table.name in ("alias", "entity"):
                continue
            marks = ", ".join("?" * len(values))
            connection.execute(f"INSERT INTO {table.name} VALUES ({marks})", values)
        connection.execute("PRAGMA foreign_keys = ON")
        kb.erase("Jane Zorblatt", author="dana", reason="request", log=None)
        for table in tables():
            for row in kb.store.read(f"SELECT * FROM {table.name}"):
                assert "zorblatt" not in repr(row).lower(), table.name
        assert traces(folder) == {}

    def test_a_preview_changes_nothing(self, folder: Path, tmp_path: Path) -> None:
        """It counts what would go, says so, and is no receipt."""
        kb = Knowledge.open(folder / "k.db")
        fill(kb, tmp_path / "pages")
        before = {table.name: kb.store.read(f"SELECT * FROM {table.name}") for table in tables()}
        preview = kb.erase("zorbly", author="dana", reason="request", log=None, preview=True)
        assert preview.preview
        assert not preview.complete
        assert preview.removed > 15
        assert {table.name: kb.store.read(f"SELECT * FROM {table.name}") for table in tables()} == before
        assert kb.erasures() == ()

    def test_another_process_that_reads_is_named(self, folder: Path, tmp_path: Path) -> None:
        """Where somebody else still reads an old state, the receipt says that the log could not be emptied."""
        kb = Knowledge.open(folder / "k.db", busy_timeout_ms=50)
        fill(kb, tmp_path / "pages")
        with Knowledge.open(folder / "k.db", read_only=True) as other, other.store.snapshot():
            other.stats()
            receipt = kb.erase("zorbly", author="dana", reason="request", log=None)
        assert not receipt.complete
        assert any("another process" in left for store in receipt.stores for left in store.left)

    def test_of_a_merged_name_and_of_nobody(self, folder: Path) -> None:
        """An ambiguous name is refused; one that nobody has is erased from texts alone."""
        kb = Knowledge.open(folder / "k.db")
        kb.entity("Jane A", aliases=["Jane"])
        kb.entity("Jane B", aliases=["Jane"])
        kb.add("Acme", "fan", "Zorblatt")
        with pytest.raises(AmbiguousError):
            kb.erase("Jane", author="dana", reason="request", log=None)
        receipt = kb.erase("Zorblatt", author="dana", reason="request", log=None)
        assert (receipt.removed, receipt.complete) == (2, True)
        assert traces(folder) == {}


class TestWhatIsLeft:
    """The receipt never reads as complete where something may be left."""

    @pytest.fixture
    def kb(self, tmp_path: Path) -> Knowledge:
        kb = Knowledge.open(tmp_path / "k.db")
        kb.add("Jane Zorblatt", "phone", "1")
        return kb

    def test_a_log_that_nobody_named(self, kb: Knowledge) -> None:
        """Silence about the log is no proof that there is none."""
        receipt = kb.erase("Jane Zorblatt", author="dana", reason="request")
        assert not receipt.complete
        assert "provenance log" in str(receipt)

    def test_a_mirror_and_a_backup(self, kb: Knowledge, tmp_path: Path) -> None:
        """What cannot erase is named as such."""
        log = SqliteLog(tmp_path / "log.db", mirror=lambda record: None)
        Guard(knowledge=kb, log=log).check("The phone of Jane Zorblatt is 1.")
        receipt = kb.erase("Jane Zorblatt", author="dana", reason="request", log=log, outside=["nightly backup"])
        assert not receipt.complete
        left = {store.store: store.left for store in receipt.stores if store.left}
        assert any("mirror" in what for parts in left.values() for what in parts)
        assert "nightly backup" in left

    def test_the_documents_themselves(self, kb: Knowledge, tmp_path: Path) -> None:
        """A file that would bring them back when it is read again is left, until it is gone or changed."""
        page = tmp_path / "page.md"
        page.write_text("Jane Zorblatt leads sales.\n")
        kb.ingest(page)
        assert not kb.erase("Jane Zorblatt", author="dana", reason="request", log=None).complete
        assert not kb.erase("Jane Zorblatt", author="dana", reason="request", log=None).complete
        page.write_text("Somebody leads sales.\n")
        assert kb.erase("Jane Zorblatt", author="dana", reason="request", log=None).complete

    def test_others_who_bear_the_name(self, kb: Knowledge) -> None:
        """A company that is called after somebody is somebody else: it stays, and is said to."""
        kb.add("Jane Zorblatt Ltd", "office", "Rome")
        receipt = kb.erase("Jane Zorblatt", author="dana", reason="request", log=None)
        assert kb.ask("Jane Zorblatt Ltd", "office").value == "Rome"
        assert not receipt.complete

    def test_names_that_others_share(self, kb: Knowledge) -> None:
        """Texts that hold only a shared name are others' as well: they stay, and that is said."""
        kb.entity("Jane Zorblatt", aliases=["JZ"])
        kb.entity("Jill Zander", aliases=["JZ"])
        kb.add("Acme", "contact", "JZ")
        receipt = kb.erase("Jane Zorblatt", author="dana", reason="request", log=None)
        assert kb.ask("Acme", "contact").value == "JZ"
        assert not receipt.complete

    def test_a_word_of_our_own_is_nobody(self, kb: Knowledge) -> None:
        """Somebody whose name stands in what a file says of its tables is erased as completely as anybody."""
        kb.entity("Cedar")
        assert kb.erase("Cedar", author="dana", reason="request", log=None).complete

    def test_what_cannot_erase_is_no_store(self, kb: Knowledge, tmp_path: Path) -> None:
        """A path is no log, and nothing is erased by half."""
        for options in ({"log": str(tmp_path / "log.db")}, {"log": None, "stores": ["backup"]}):
            with pytest.raises(ConfigError, match="cannot erase"):
                kb.erase("Jane Zorblatt", author="dana", reason="request", **options)  # type: ignore[arg-type]  # wrong
        assert kb.stats().facts == 1

    def test_a_store_of_ones_own(self, kb: Knowledge) -> None:
        """It is asked, and what it says counts."""

        class Notes:
            def __init__(self, left: tuple[str, ...]) -> None:
                self.left = left
                self.asked: list[bool] = []

            def erase(self, mentioned: Callable[[str], bool], *, receipt: str, preview: bool) -> Erased:
                self.asked.append(mentioned("a note on jane  ZORBLATT."))
                return Erased("notes", {"notes": 3}, self.left)

        for left in ((), ("the printed ones",)):
            notes = Notes(left)
            receipt = kb.erase("Jane Zorblatt", author="dana", reason="request", log=None, stores=[notes])
            assert notes.asked == [True]
            assert receipt.complete is not bool(left)


class TestReceipt:
    """What proves it."""

    @pytest.fixture
    def kb(self, tmp_path: Path) -> Knowledge:
        kb = Knowledge.open(tmp_path / "k.db")
        kb.entity("Jane Zorblatt", aliases=["Zorbly"])
        return kb

    def test_is_signed_and_found_again(self, kb: Knowledge, tmp_path: Path) -> None:
        """It is kept, proves itself, knows its subject by any name, and holds none of them."""
        key = make_key(tmp_path / "keys" / "receipts.pem")
        receipt = kb.erase(
            "Zorbly", author="dana", reason="request 17", log=None, key=tmp_path / "keys" / "receipts.pem"
        )
        assert kb.erasures() == (receipt,)
        again = Receipt.from_text(receipt.text())
        assert again == receipt
        assert again.verify()
        assert again.verify(receipt.public_key)
        assert again.is_of("jane zorblatt")
        assert again.is_of("ZORBLY")
        assert not again.is_of("Jane")
        assert "zorb" not in receipt.text().lower()
        assert load_key(tmp_path / "keys" / "receipts.pem").public_key() == key.public_key()
        assert (tmp_path / "keys" / "receipts.pem").stat().st_mode & 0o077 == 0

    def test_any_change_is_noticed(self, kb: Knowledge, tmp_path: Path) -> None:
        """Whatever field is changed, added or taken out, the receipt proves nothing any more."""
        make_key(tmp_path / "k.pem")
        other = make_key(tmp_path / "other.pem")
        receipt = kb.erase("Zorbly", author="dana", reason="x", key=tmp_path / "k.pem", models=["m"], outside=["tape"])
        data = receipt.to_json()
        assert not data["complete"]
        for name, value in {**data, "complete": True, "stores": [], "more": 1}.items():
            changed = {
                **data,
                name: [] if isinstance(value, list) else f"{value}x" if isinstance(value, str) else value,
            }
            if name == "complete":
                changed = {**data, "complete": True}
            if changed == data:
                continue
            with contextlib.suppress(InputError):
                assert not Receipt.from_text(json.dumps(changed)).verify(receipt.public_key), name
        assert not receipt.signed(other).verify(receipt.public_key)

    def test_without_a_key_is_not_signed(self, kb: Knowledge) -> None:
        """And says so."""
        receipt = kb.erase("Zorbly", author="dana", reason="x", log=None)
        assert not receipt.verify()
        assert "not signed" in str(receipt)

    @pytest.mark.parametrize(
        "text", ["", "[]", "{}", '{"schema": "guardlayer.erasure/2"}', '{"schema": "guardlayer.erasure/1"}']
    )
    def test_what_is_none_is_refused(self, text: str) -> None:
        """A file that is no receipt is said to be none."""
        with pytest.raises(InputError):
            Receipt.from_text(text)

    def test_must_not_name_the_subject(self, kb: Knowledge) -> None:
        """Author and reason are kept for good, so they do not say of whom."""
        with pytest.raises(InputError, match="reason"):
            kb.erase("Zorbly", author="dana", reason="Jane Zorblatt asked for it", log=None)
        with pytest.raises(InputError, match="author"):
            kb.erase("Zorbly", author="zorbly", reason="asked", log=None)
        assert kb.stats().entities == 1

    def test_keys_that_are_none(self, kb: Knowledge, tmp_path: Path) -> None:
        """A file that holds no key is refused before anything is erased, and no key is overwritten."""
        (tmp_path / "no.pem").write_text("nothing")
        for path in (tmp_path / "no.pem", tmp_path / "missing.pem"):
            with pytest.raises(ConfigError):
                kb.erase("Zorbly", author="dana", reason="x", log=None, key=path)
        with pytest.raises(ConfigError):
            make_key(tmp_path / "no.pem")
        assert kb.stats().entities == 1


class TestMentions:
    """When a text names somebody."""

    @pytest.mark.parametrize(
        "text",
        ["Jane Doe", "JANE  DOE", "jane\ndoe", "Jané Doé's phone", "cv_jane_doe.pdf", "jane-doe", "/cv/Jane%20Doe", "Doe, Jane",
         "(Jane Doe)", "Jane. Doe", "ｊａｎｅ ｄｏｅ", '{"name": "Jan\\u0065 Doe"}', "“Jane Doe”,", "mailto:jane.doe@x.com"],
    )  # fmt: skip
    def test_are_found(self, text: str) -> None:
        """Whatever the case, the accents, the punctuation and the encoding."""
        assert Subject(("Jane Doe",)).mentioned(text)

    @pytest.mark.parametrize(
        "text", ["", None, "Jane", "Doe", "Jane Doerr", "Mary Jane Do", "Jane and John Doe", "janedoerr"]
    )
    def test_are_not_made_up(self, text: str | None) -> None:
        """A part of another name is none."""
        assert not Subject(("Jane Doe",)).mentioned(text)

    @given(st.text(min_size=1, max_size=30), st.text(max_size=30), st.text(max_size=30))
    def test_of_any_name_in_any_text(self, name: str, before: str, after: str) -> None:
        """A name that can be looked up is found between any two texts that end in no letter or digit."""
        from guardlayer.knowledge.erasure.subject import subject_of

        subject = subject_of([name])
        if subject.names:
            assert subject.mentioned(f"{before} — {name} — {after}")


def test_models_are_recorded_once(tmp_path: Path) -> None:
    """The same model, trained on the same data, is one entry."""
    kb = Knowledge.open(tmp_path / "k.db")
    kb.entity("Acme")
    assert kb.taught("ft:1", ["Acme", "acme"], dataset="d") == 1
    assert kb.taught("ft:1", ["Acme"], dataset="d") == 0
    with pytest.raises(Exception, match="no entity"):
        kb.taught("ft:1", ["Nobody"])


def test_on_a_server(postgres: str, tmp_path: Path) -> None:
    """Every row is gone from a server too; what it keeps beside its tables is named, so it never reads as complete."""
    with Knowledge.open(postgres) as kb:
        fill(kb, tmp_path / "pages")
        for page in (tmp_path / "pages").iterdir():
            page.unlink()
        receipt = kb.erase("zorbly", author="dana", reason="request 17", log=None)
        assert not receipt.complete
        assert any("write-ahead log" in left for store in receipt.stores for left in store.left)
        for table in (*(table.name for table in tables()), "fact_hold", "passage_open", "passage_former"):
            for row in kb.store.read(f"SELECT * FROM {table}"):
                assert not any(trace.decode() in repr(row).lower() for trace in TRACES), (table, row)
        assert kb.ask("Acme", "office").value == "Rome"
        assert kb.passages.count() == 1
        assert kb.check().sound
