"""The ledger against a naive model of itself, over random histories of every verb."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.errors import KnowledgeError
from guardlayer.knowledge import Knowledge

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = [(entity, attribute) for entity in ("Acme", "Borealis") for attribute in ("ceo", "office")]
SINGLE = {"ceo"}
SOURCES = ("register", "press", "blog")
VALUES = ("ann", "bob", "cem")
# Exact instants: what partial dates add is tested by itself, in test_ledger_time.py.
DAYS = [None, *(f"{year}-01-01T00:00:00Z" for year in (2001, 2002, 2003, 2004))]
INSTANTS = [f"{day}T00:00:00Z" for day in ("2000-06-01", "2001-06-01", "2002-01-01", "2003-06-01", "2005-01-01")]


@dataclass(frozen=True)
class Version:
    fact: int
    version: int
    key: tuple[str, str]
    value: str
    source: str
    authority: int
    start: str
    end: str
    tx_from: datetime
    tx_to: datetime | None = None
    corrected: bool = False
    supersedes: int | None = None


class RefusedError(Exception):
    pass


@dataclass
class Model:
    """Every version in a list, every question answered by looking at all of them."""

    versions: list[Version] = field(default_factory=list)
    authority: dict[str, int] = field(default_factory=dict)

    def ask(self, key, at, known_at):
        """Return (values that hold, whether there is a conflict)."""
        rows = [
            v
            for v in self.versions
            if v.key == key
            and v.start <= at < v.end
            and (v.tx_to is None if known_at is None else v.tx_from <= known_at and (not v.tx_to or known_at < v.tx_to))
        ]
        if key[1] in SINGLE:
            for better in (
                lambda v: v.corrected,
                lambda v: v.supersedes is not None,
                lambda v: v.authority,
                lambda v: v.start,
            ):
                rows = [v for v in rows if better(v) == max(map(better, rows))]
            rows = [v for v in rows if not any(o.source == v.source and o.tx_from > v.tx_from for o in rows)]
        values = {v.value for v in rows}
        return (set(), True) if key[1] in SINGLE and len(values) > 1 else (values, False)

    def live(self, fact):
        found = [v for v in self.versions if v.fact == fact and v.tx_to is None]
        return found[0] if found else None

    def all_of(self, fact):
        return [v for v in self.versions if v.fact == fact]

    def _close(self, fact, at):
        self.versions = [replace(v, tx_to=at) if v.fact == fact and v.tx_to is None else v for v in self.versions]

    def _next(self, row, at, **changes):
        number = len(self.all_of(row.fact)) + 1
        self._close(row.fact, at)
        self.versions.append(replace(row, version=number, tx_from=at, tx_to=None, **changes))

    def _new(self, **columns):
        fact = 1 + max((v.fact for v in self.versions), default=0)
        self.versions.append(Version(fact=fact, version=1, **columns))

    def _check(self):
        live = [v for v in self.versions if v.tx_to is None and v.key[1] in SINGLE]
        for one, other in combinations(live, 2):
            same = one.key == other.key and one.source == other.source
            if same and one.value != other.value and one.start < other.end and other.start < one.end:
                raise RefusedError

    def add(self, at, key, value, source, authority, start, end):
        start, end = start or "0001", end or "9999"
        if end <= start:
            raise RefusedError
        rank = self.authority.get(source, 0) if authority is None else authority
        heard = [v for v in self.versions if (v.key, v.value, v.source, v.start) == (key, value, source, start)]
        for v in heard:
            if v.tx_to is None and v.end == end:
                if authority is not None and v.authority != authority:
                    self._next(v, at, authority=rank)
                self.authority[source] = rank
                return
        self.authority[source] = rank
        if any(v.end == end and self.live(v.fact) for v in heard):
            return
        for v in heard:
            if v.tx_to is None:
                self._next(v, at, end=end, **({} if authority is None else {"authority": rank}))
                self._check()
                return
        self._new(key=key, value=value, source=source, authority=rank, start=start, end=end, tx_from=at)
        self._check()

    def correct(self, at, fact, value):
        row = self.live(fact)
        if row is None:
            raise RefusedError
        if row.value != value:
            self._next(row, at, value=value, corrected=True)
            self._check()

    def supersede(self, at, fact, value, start, source):
        row = self.live(fact)
        if row is None:
            raise RefusedError
        by = (source, self.authority.get(source, 0)) if source else (row.source, row.authority)
        for v in self.versions:
            told = (v.value, v.start, v.end, v.source, v.authority)
            if v.supersedes == fact and v.tx_to is None and told == (value, start, "9999", *by):
                return
        if row.end > start:
            if row.start >= start:
                raise RefusedError
            self._next(row, at, end=start)
        if source:
            self.authority.setdefault(source, 0)
        self._new(
            key=row.key,
            value=value,
            source=by[0],
            authority=by[1],
            start=start,
            end="9999",
            tx_from=at,
            supersedes=fact,
        )
        self._check()

    def retract(self, at, facts):
        for fact in facts:
            self._close(fact, at)

    def rollback(self, at, fact, version):
        rows = self.all_of(fact)
        target, head = rows[version - 1], rows[-1]
        undone, found = {fact}, True
        while found and target.tx_to is not None:
            found = {
                v.fact
                for v in self.versions
                if v.supersedes in undone and v.version == 1 and v.tx_from >= target.tx_to and v.fact not in undone
            }
            undone |= found
        undone = {f for f in undone - {fact} if self.live(f)}
        same = (target.value, target.start, target.end, target.source, target.authority, target.corrected)
        now = (head.value, head.start, head.end, head.source, head.authority, head.corrected)
        if head.tx_to is None and not undone and same == now:
            return
        for other in undone:
            self._close(other, at)
        self._next(replace(target, tx_to=head.tx_to), at)
        self._check()


days, values, sources = st.sampled_from(DAYS), st.sampled_from(VALUES), st.sampled_from(SOURCES)
numbers = st.integers(0, 20)
verbs = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(KEYS), values, sources, st.sampled_from([None, None, 0, 5]), days, days),
    st.tuples(st.just("add"), st.sampled_from(KEYS), values, sources, st.none(), days, st.none()),
    st.tuples(st.just("correct"), numbers, values),
    st.tuples(st.just("supersede"), numbers, values, st.sampled_from(DAYS[1:]), st.one_of(st.none(), sources)),
    st.tuples(st.just("retract fact"), numbers),
    st.tuples(st.just("retract source"), sources),
    st.tuples(st.just("rollback"), numbers, numbers),
)


class Twin:
    """A ledger and its model, told the same things."""

    def __init__(self) -> None:
        ticks = count()
        self.kb = Knowledge.open(":memory:", clock=lambda: BEGIN + timedelta(seconds=next(ticks)))
        for attribute in SINGLE:
            self.kb.attribute(attribute, cardinality="one")
        self.model = Model()

    def last(self) -> datetime:
        at = self.kb.store.read("SELECT last FROM tick")[0][0]
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)

    def tell(self, verb) -> set[tuple[str, str]]:
        """Do the same to both, require that both do it or both refuse, and return the keys it may touch."""
        before = replace(self.model, versions=list(self.model.versions), authority=dict(self.model.authority))
        do, model, touched = self._prepared(verb)
        try:
            do()
            accepted = True
        except KnowledgeError:
            accepted = False
        try:
            model(self.last())
            expected = True
        except RefusedError:
            self.model.versions, self.model.authority = before.versions, before.authority
            expected = False
        assert accepted == expected, verb
        return touched

    def _prepared(self, verb):
        kb, model, facts = self.kb, self.model, sorted({v.fact for v in self.model.versions})
        name, *rest = verb
        if name == "add":
            key, value, source, authority, start, end = rest
            return (
                lambda: kb.add(*key, value, source=source, authority=authority, valid_from=start, valid_to=end),
                lambda at: model.add(at, key, value, source, authority, start, end),
                {key},
            )
        if name == "retract source":
            of = {v.fact for v in model.versions if v.source == rest[0] and v.tx_to is None}
            known = any(v.source == rest[0] for v in model.versions)
            do = (lambda: kb.retract(rest[0], reason="withdrawn")) if known else (lambda: None)
            return do, lambda at: model.retract(at, of), {v.key for v in model.versions if v.fact in of}
        if not facts:
            return (lambda: None), (lambda at: None), set()
        fact = facts[rest[0] % len(facts)]
        touched = {v.key for v in model.versions if v.fact == fact}
        if name == "correct":
            do = lambda: kb.correct(f"f{fact}", rest[1], author="eva", reason="checked")  # noqa: E731
            return do, lambda at: model.correct(at, fact, rest[1]), touched
        if name == "supersede":
            _, value, start, source = rest
            return (
                lambda: kb.supersede(f"f{fact}", value, valid_from=start, source=source),
                lambda at: model.supersede(at, fact, value, start, source),
                touched,
            )
        if name == "retract fact":
            return lambda: kb.retract(f"f{fact}", reason="wrong"), lambda at: model.retract(at, {fact}), touched
        version = 1 + rest[1] % len(model.all_of(fact))
        return (
            lambda: kb.rollback(f"f{fact}", to=version),
            lambda at: model.rollback(at, fact, version),
            touched,
        )

    def answer(self, key, at, known_at=None):
        found = self.kb.ask(*key, at=at, known_at=known_at)
        return {fact.value for fact in found.facts}, found.conflict

    def everything(self, known_at=None, keys=KEYS):
        """Everything the ledger says, word for word."""
        found = {}
        for key in keys:
            for at in INSTANTS:
                reply = self.kb.ask(*key, at=at, known_at=known_at)
                found[key, at] = (reply.facts, reply.conflict, reply.candidates, reply.text)
        return found


@given(st.lists(verbs, min_size=1, max_size=12))
def test_ledger_answers_as_a_naive_model_does_at_every_instant_on_both_axes(history):
    """For any history of verbs, each key answers at each (at, known_at) as looking at every version would."""
    twin = Twin()
    times = [None]
    for verb in history:
        twin.tell(verb)
        times.append(twin.last())
    for key in KEYS:
        for at in INSTANTS:
            for known_at in times[:1] + times[1::3] + times[-1:]:
                said = twin.answer(key, at, known_at)
                assert said == twin.model.ask(key, at, known_at), (key, at, known_at)
                if key[1] in SINGLE:
                    assert len(said[0]) <= 1, "two current values for a single-valued key"
                    assert not (said[0] and said[1]), "a value and a conflict at once"


@given(st.lists(verbs, min_size=1, max_size=10))
def test_no_write_changes_what_another_key_answers_nor_what_was_answered_before(history):
    """A write touches its own keys from now on, and nothing else: no other key, and no past transaction time."""
    twin = Twin()
    past: dict[datetime, dict] = {}
    for verb in history:
        before = twin.everything()
        touched = twin.tell(verb)
        after = twin.everything()
        for key, at in before:
            if key not in touched:
                assert after[key, at] == before[key, at]
        if twin.model.versions:
            past[twin.last()] = twin.everything(known_at=twin.last())
    for known_at, said in past.items():
        assert twin.everything(known_at=known_at) == said


@given(st.lists(verbs, min_size=1, max_size=8), numbers, st.lists(verbs, min_size=1, max_size=4))
def test_rollback_restores_the_exact_earlier_answer(history, pick, later):
    """Whatever was done to one fact since, rolling it back gives the key the answers it had, at every instant."""
    twin = Twin()
    for verb in history:
        twin.tell(verb)
    live = sorted({v.fact for v in twin.model.versions if v.tx_to is None})
    if not live:
        return
    fact = live[pick % len(live)]
    number = sorted({v.fact for v in twin.model.versions}).index(fact)
    key, then = twin.model.live(fact).key, twin.last()
    before = {at: twin.answer(key, at) for at in INSTANTS}
    for verb in later:
        if verb[0] in ("correct", "supersede", "retract fact"):
            twin.tell((verb[0], number, *verb[2:]))
    twin.kb.rollback(f"f{fact}", to=then)
    assert {at: twin.answer(key, at) for at in INSTANTS} == before


def test_the_model_can_tell_a_wrong_ledger():
    """The model is no tautology: it sees a conflict, a winner by authority, and an ended value."""
    model = Model()
    model.add(BEGIN, KEYS[0], "ann", "register", None, DAYS[1], None)
    model.add(BEGIN, KEYS[0], "bob", "press", None, DAYS[1], None)
    assert model.ask(KEYS[0], INSTANTS[1], None) == (set(), True)
    model.add(BEGIN, KEYS[0], "cem", "blog", 5, DAYS[1], DAYS[2])
    assert model.ask(KEYS[0], INSTANTS[1], None) == ({"cem"}, False)
    assert model.ask(KEYS[0], INSTANTS[2], None) == (set(), True)
    with pytest.raises(RefusedError):
        model.add(BEGIN, KEYS[0], "ann", "blog", None, None, DAYS[2])
