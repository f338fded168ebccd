"""What every provenance log must do."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from guardlayer.errors import LogError
from guardlayer.protocols import ProvenanceLog
from guardlayer.testing.builders import claim, draft, evidence, fact
from guardlayer.testing.contracts.shared import ODD_TEXTS, THREADS, lacking, show, together
from guardlayer.types import Action, CheckedClaim, Coverage, Decision, Label, Record, Relation, Report, Verdict


class ProvenanceLogContract:
    """What every :class:`~guardlayer.protocols.ProvenanceLog` must do."""

    def make(self) -> ProvenanceLog:
        """Return an empty log."""
        raise NotImplementedError("override make() to return the log to test")

    def read(self, log: ProvenanceLog) -> Sequence[Record]:
        """Return every record of ``log``, by position."""
        raise NotImplementedError("override read() to return what the log holds")

    def stored(self, log: ProvenanceLog, record: Record) -> bytes | None:
        """Return the bytes that were stored for ``record``; ``None`` where they cannot be had."""
        del log, record
        return None

    def reopen(self, log: ProvenanceLog) -> ProvenanceLog | None:
        """Return ``log``, opened again as another process would; ``None`` where it does not outlive its object."""
        del log
        return None

    def make_broken(self) -> ProvenanceLog | None:
        """Return one that cannot write; ``None`` where there is no such thing."""
        return None

    def test_one_record_a_claim_and_one_the_response(self) -> None:
        """A report of n claims makes n records of claims and then one of the response, which is handed back.

        The response comes last, so that a report of which a part is missing cannot look whole.
        """
        for claims in (0, 1, 3):
            log = self.make()
            record = log.append(report(claims=claims))
            records = self.read(log)
            assert [r.kind for r in records] == ["claim"] * claims + ["response"], [r.kind for r in records]
            assert record == records[-1], "what is handed back is not what is kept"

    def test_what_is_acknowledged_is_kept(self) -> None:
        """A record that was handed back can be read, and can still be when the log is opened again."""
        log = self.make()
        records = [log.append(report(call_id=f"call-{number}")) for number in range(3)]
        for kept in (log, self.reopen(log)):
            if kept is not None:
                found = self.read(kept)
                assert all(record in found for record in records), "an acknowledged record is gone"

    def test_records_only_grow(self) -> None:
        """What was recorded is never changed or moved by what comes later."""
        log = self.make()
        before: list[Record] = []
        for number in range(4):
            log.append(report(call_id=f"call-{number}", claims=number))
            after = list(self.read(log))
            assert after[: len(before)] == before, f"earlier records changed with call {number}"
            assert len(after) == len(before) + number + 1, f"call {number} added {len(after) - len(before)} records"
            before = after

    def test_positions_count_up_and_names_are_unique(self) -> None:
        """Positions are 0, 1, 2, … without a gap, and no two records share an id."""
        log = self.make()
        for number in range(3):
            log.append(report(call_id=f"call-{number}", claims=2))
        records = self.read(log)
        assert [r.seq for r in records] == list(range(len(records))), [r.seq for r in records]
        assert len({r.id for r in records}) == len(records), "two records have one id"

    def test_leaf_hashes_are_those_of_the_stored_bytes(self) -> None:
        """A record's leaf hash is SHA-256 over a zero byte and the stored bytes (RFC 6962 section 2.1)."""
        log = self.make()
        log.append(report(claims=2))
        for record in self.read(log):
            assert len(record.leaf_hash) == 64, f"leaf hash {record.leaf_hash!r} is not 64 hexadecimal digits"
            data = self.stored(log, record)
            if data is None:
                lacking("the stored bytes (stored)")
            assert record.leaf_hash == hashlib.sha256(b"\x00" + data).hexdigest(), (
                f"record {record.seq} is not its hash"
            )

    def test_what_differs_has_another_hash(self) -> None:
        """Two reports that differ in one verdict differ in that claim's leaf hash."""
        hashes = set()
        for label in (Label.SUPPORTED, Label.STALE):
            log = self.make()
            log.append(report(claims=1, label=label))
            hashes.add(self._of(log, "claim").leaf_hash)
        assert len(hashes) == 2, "the hash does not cover the verdict"

    def test_records_say_what_was_found(self) -> None:
        """A record can be told from its body: the verdict of a claim, the call of a response."""
        log = self.make()
        log.append(report(call_id="call-4711", claims=1, label=Label.STALE))
        said, response = self._of(log, "claim"), self._of(log, "response")
        assert "stale" in repr(said.body), f"no verdict in {said.body}"
        assert "call-4711" in repr(response.body), f"no call id in {response.body}"

    def test_takes_any_text(self) -> None:
        """No text a model may write keeps its record from being kept."""
        log = self.make()
        for number, text in enumerate(ODD_TEXTS):
            log.append(report(text=text, call_id=f"call-{number}", claims=1))
        assert len(self.read(log)) == 2 * len(ODD_TEXTS), f"lost one of {[show(text) for text in ODD_TEXTS]}"

    def test_many_writers_lose_nothing(self) -> None:
        """Written by several threads at once, every record is kept once, and each report's stand together."""
        log = self.make()
        given = together(lambda n: [log.append(report(call_id=f"call-{n}-{m}", claims=2)) for m in range(3)])
        records = self.read(log)
        assert len(records) == THREADS * 3 * 3, f"{len(records)} records of {THREADS * 9}"
        assert [r.seq for r in records] == list(range(len(records))), "positions have gaps or repeat"
        assert all(record in records for batch in given for record in batch), "an acknowledged record is gone"
        calls = [re.search(r"call-\d-\d", repr(r.body)) for r in records if r.kind == "response"]
        assert len({call[0] for call in calls if call}) == THREADS * 3, "a report was recorded twice, or not at all"
        for batch in range(0, len(records), 3):
            kinds = [r.kind for r in records[batch : batch + 3]]
            assert kinds == ["claim", "claim", "response"], "a report's records are torn apart"

    def test_a_failure_is_never_silent(self) -> None:
        """A log that cannot write says so with a LogError, and never acknowledges."""
        log = self.make_broken()
        if log is None:
            lacking("a log that cannot write (make_broken)")
        try:
            record = log.append(report())
        except LogError as error:
            assert str(error).strip(), "the error does not say what is wrong"  # noqa: PT017 - no pytest here
        except Exception as error:
            raise AssertionError(f"{type(error).__name__} leaves it: {error}") from error
        else:
            raise AssertionError(f"it cannot write, and acknowledges {record}")

    def _of(self, log: ProvenanceLog, kind: str) -> Record:
        return next(record for record in self.read(log) if record.kind == kind)


def report(
    *,
    text: str = "The list price of Acme is $39.",
    call_id: str = "call-1",
    claims: int = 1,
    label: Label = Label.STALE,
) -> Report:
    """Return a report of ``claims`` claims that all have ``label``."""
    now = fact("Acme", "list price", "$49", valid_from="2025-05", source="price list")
    whole = draft(text, call_id=call_id, question="What does it cost?", model="ft:test")
    verdict = Verdict(
        label, 0.9, "found so", (evidence(now, relation=Relation.REFUTES),), now, "contract/1", None, None, None
    )
    checked = tuple(CheckedClaim(claim(text), verdict, Action.ANNOTATE) for _ in range(claims))
    actions = tuple(Action.ANNOTATE for _ in checked)
    decision = Decision(Action.ANNOTATE if claims else Action.PASS, text, (), ("as found",) * claims, actions)
    coverage = Coverage(claims, claims, 0, 0, claims if label is Label.SUPPORTED else 0, (), len(text))
    return Report(whole, checked, decision, coverage, "contract@0000")
