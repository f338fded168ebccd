"""Names of fields, texts of any kind, and the answer to why."""

import io
import json
import subprocess
import sys
import time
import unicodedata
from dataclasses import FrozenInstanceError, replace

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.errors import LogError
from guardlayer.provenance import JsonLinesMirror, SqliteLog, claim_to_json, report_to_json, restore
from guardlayer.provenance.layout import encode, escape
from guardlayer.types import Record

ANY_TEXT = st.text(alphabet=st.characters(codec=None, exclude_categories=()))
TRICKY = st.text(alphabet=["\\", "u", "d", "8", "0", "f", "\ud800", "\udfff", "é", "\ude00"])


@given(ANY_TEXT | TRICKY)
def test_escaping_is_reversible_and_always_encodable(text):
    """Lone surrogates are kept, by a spelling that no other text has; all other text stays as it is."""
    escaped = escape(text)
    escaped.encode()
    assert restore(escaped) == text
    if "\\ud" not in text and not any(unicodedata.category(c) == "Cs" for c in text):
        assert escaped is text


def test_escaping_takes_linear_time():
    """A long run of backslashes is read once."""
    text = "\ud800" + "\\" * 300_000
    begun = time.process_time()
    assert restore(escape(text)) == text
    assert time.process_time() - begun < 2


@given(text=ANY_TEXT, name=ANY_TEXT, reason=ANY_TEXT)
def test_any_text_is_recorded_and_comes_back(make_report, text, name, reason):
    """NULs, controls and surrogates in draft, source or reason neither crash the log nor change."""
    log = SqliteLog(":memory:")
    record = log.append(make_report(text=text, name=name, reason=reason, call=text))
    claim = next(log.records(0, 1)).body["claim"]
    assert restore(record.body["draft"]["text"]) == restore(claim["text"]) == text
    assert restore(claim["evidence"][0]["source"]["id"]) == name
    assert restore(claim["reason"]) == reason
    assert log.verify() == 3
    why = log.why(record.id)
    assert not any(
        unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for line in why.text.split("\n") for c in line
    )
    json.dumps(why.to_json(), ensure_ascii=False).encode()
    log.close()


def test_the_fields_of_a_report_stay(make_report):
    """Scripts read these names; a change here is a change of the schema."""
    report = report_to_json(make_report(recheck=make_report(claims=0)))
    assert list(report) == [
        "schema", "call_id", "at", "model", "policy", "outcome", "ok", "action", "question", "text", "data", "output",
        "edits", "reasons", "coverage", "claims", "notices", "record", "recheck",
    ]  # fmt: skip
    assert report["policy"] == {"name": "enforce", "digest": "1f3a9c0d"}
    assert report["model"] == {"name": "ft:x", "digest": "sha256:cd", "adapters": ["voice"]}
    assert report["recheck"]["claims"] == []
    assert json.loads(encode(report)) == report


def test_the_fields_of_a_claim_stay(make_report):
    """Every part of the chain is there, with its version, its place and its dates as precise as they were given."""
    source = {
        "id": "wikidata", "uri": "https://www.wikidata.org/wiki/Q38", "version": "2023-12", "authority": 2,
        "effective": {"from": "2023", "to": None}, "digest": "sha256:ab",
    }  # fmt: skip
    new = {
        "id": "f1", "version": 2, "entity": "Italy", "attribute": "head of government", "qualifiers": [["office", "PM"]],
        "value": "Giorgia Meloni", "valid": {"from": "2022-10-22", "to": None},
        "recorded": {"from": "2023-12-15T00:00:00Z", "to": None}, "source": source, "operation": "supersede",
        "author": "ann", "reason": None, "supersedes": None,
    }  # fmt: skip
    old = new | {
        "version": 1, "qualifiers": [], "value": "Matteo Renzi", "valid": {"from": "2014-02", "to": "2016-12-12"},
        "recorded": {"from": None, "to": None}, "operation": "add", "author": None,
    }  # fmt: skip
    assert claim_to_json(make_report().claims[0]) == {
        "text": "Matteo Renzi leads Italy.", "start": 0, "end": 25, "path": None, "form": "sentence", "kind": "fact",
        "kind_score": 0.9, "verdict": "stale", "score": 0.97, "reason": "it changed", "verifier": "structured/1",
        "error": None, "action": "correct", "span": {"start": 0, "end": 12}, "replacement": "Giorgia Meloni",
        "evidence": [
            {
                "text": "Italy, head of government: Matteo Renzi", "source": source, "span": {"start": 3, "end": 9},
                "standing": "superseded", "relation": "supports", "score": 1.0,
                "valid": {"from": "2014-02", "to": "2016-12-12"}, "recorded": "2023-12-15T00:00:00Z", "fact": old,
                "successor": new,
            }
        ],
        "current": {
            "text": "Italy, head of government, office PM: Giorgia Meloni", "value": "Giorgia Meloni", "source": source,
            "valid": {"from": "2022-10-22", "to": None}, "fact": new,
        },
    }  # fmt: skip


def test_structured_drafts_and_odd_numbers_are_json(make_report):
    """Data keeps its shape, its texts escaped; a score that is no number is null."""
    report = make_report(claims=1)
    claim = replace(report.claims[0], result=replace(report.claims[0].result, score=float("nan")))
    report = replace(report, draft=replace(report.draft, data={"a\ud800": ["x\udc00", 1, None]}), claims=(claim,))
    told = report_to_json(report)
    assert told["data"] == {"a\\ud800": ["x\\udc00", 1, None]}
    assert told["claims"][0]["score"] is None
    assert SqliteLog(":memory:").append(report).body["draft"]["structured"] is True


def test_why_tells_the_whole_chain(make_report):
    """Claim, evidence, fact version, source, policy, model: each is named, for people and for programs."""
    log = SqliteLog(":memory:")
    record = log.append(make_report())
    why = log.why(record.id)
    claim = why.claims[0]
    assert (why.response, why.policy.name, why.policy.digest, why.model.name) == (
        record.id,
        "enforce",
        "1f3a9c0d",
        "ft:x",
    )
    assert (claim.verdict, claim.action, claim.verifier) == ("stale", "correct", "structured/1")
    assert (claim.evidence[0].fact.id, claim.evidence[0].fact.version) == ("f1", 1)
    assert claim.evidence[0].source.version == "2023-12"
    assert (claim.current.fact.version, claim.current.value) == (2, "Giorgia Meloni")
    assert why.to_json()["claims"][0]["current"]["fact"]["qualifiers"] == [["office", "PM"]]
    assert json.loads(json.dumps(why.to_json())) == why.to_json()
    with pytest.raises(FrozenInstanceError):
        why.output = "x"
    tree = why.text
    for word in (
        record.id, "Who leads Italy?", "ft:x", "sha256:cd", "voice", "enforce@1f3a9c0d", "Matteo Renzi leads Italy.",
        "stale 0.97 → correct", "it changed", "structured/1", "evidence, supports, superseded", "fact f1 version 1",
        "valid 2014-02 to 2016-12-12", "source wikidata, version 2023-12", "fact f1 version 2", "supersede by ann", "a notice",
    ):  # fmt: skip
        assert word in tree
    assert str(why) == tree


def test_why_of_one_claim_and_by_prefix(make_report):
    """One claim can be asked for by index or by its own record, a response by the first characters of its id."""
    log = SqliteLog(":memory:")
    record = log.append(make_report(claims=3))
    assert [c.index for c in log.why(record.id[:18]).claims] == [0, 1, 2]
    assert [c.text for c in log.why(record.id, claim=1).claims] == ["Claim 1."]
    own = next(log.records(2, 3))
    assert [c.index for c in log.why(own.id).claims] == [2]
    for wrong in (3, -1):
        with pytest.raises(LogError, match=f"3 claims, so there is no claim {wrong}; give 0 to 2"):
            log.why(record.id, claim=wrong)
    empty = log.append(make_report(claims=0))
    assert "no claims were found" in log.why(empty.id).text
    with pytest.raises(LogError, match="ask without a claim"):
        log.why(empty.id, claim=0)


@given(st.recursive(ANY_TEXT, lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner), max_leaves=8), ANY_TEXT)
def test_a_record_is_one_line_whatever_it_holds(value, name):
    """No text in a record can end its line, steer a terminal or be lost on the way."""
    stream = io.StringIO()
    JsonLinesMirror(stream)(
        Record(name, 7, "claim", "ab", {"value": value, name: "\x1b[31m\x7f\x85\u2028\u2029\u202e\U000e0041"})
    )
    line = stream.getvalue()
    assert line.endswith("\n")
    assert line.splitlines() == [line[:-1]]
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in "\u202e\U000e0041" for c in line[:-1])
    line.encode()
    read = json.loads(line)
    assert read["body"] == {"value": value, name: "\x1b[31m\x7f\x85\u2028\u2029\u202e\U000e0041"}
    assert (read["event"], read["level"], read["seq"], read["id"]) == ("guardlayer.record", "info", 7, name)


def test_the_mirror_is_private_to_us(make_report):
    """An application's structlog configuration is neither used nor changed, and stdout stays empty."""
    stream = io.StringIO()
    before = structlog.get_config()
    with SqliteLog(":memory:", mirror=JsonLinesMirror(stream)) as log:
        log.append(make_report())
    assert structlog.get_config() == before
    assert [json.loads(line)["seq"] for line in stream.getvalue().splitlines()] == [0, 1, 2]


def test_structlog_is_not_imported_before_a_mirror_is_made():
    """The log alone costs no structlog."""
    code = "import sys, guardlayer.provenance; sys.exit('structlog' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
