"""Where a statement came from: claim, evidence, fact version, source, policy, model.

Made from records alone, so the answer is what was recorded, not what would be found today.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from guardlayer.types import Record

TEXT_LIMIT = 300
"""Longest text shown on one line of the tree, in code points."""


@dataclass(frozen=True, slots=True)
class WhySource:
    """Who said it."""

    id: str
    uri: str | None
    version: str | None
    authority: int
    digest: str | None


@dataclass(frozen=True, slots=True)
class WhyFact:
    """Which version of which fact; ``valid_from`` and ``valid_to`` as precise as they were given."""

    id: str
    version: int
    entity: str
    attribute: str
    qualifiers: tuple[tuple[str, str], ...]
    value: str
    valid_from: str | None
    valid_to: str | None
    recorded_from: str | None
    operation: str
    author: str | None
    source: WhySource


@dataclass(frozen=True, slots=True)
class WhyEvidence:
    """What a verdict rests on. ``start`` and ``end`` are the passage's offsets in its source."""

    text: str
    relation: str
    standing: str
    score: float | None
    source: WhySource
    fact: WhyFact | None
    start: int | None
    end: int | None
    valid_from: str | None
    valid_to: str | None


@dataclass(frozen=True, slots=True)
class WhyCurrent:
    """What was true at the instant asked for."""

    text: str
    value: str | None
    source: WhySource
    fact: WhyFact | None


@dataclass(frozen=True, slots=True)
class WhyClaim:
    """One claim, and everything its verdict rests on."""

    record: str
    seq: int
    leaf_hash: str
    index: int
    text: str
    start: int
    end: int
    path: str | None
    kind: str
    verdict: str
    score: float | None
    reason: str
    verifier: str
    error: str | None
    action: str
    evidence: tuple[WhyEvidence, ...]
    current: WhyCurrent | None


@dataclass(frozen=True, slots=True)
class WhyPolicy:
    """The policy that decided."""

    name: str
    digest: str | None


@dataclass(frozen=True, slots=True)
class WhyModel:
    """The model that wrote the draft."""

    name: str
    digest: str | None
    adapters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """Where one response came from.

    Attributes:
        response: Id of the response's record.
        seq: Its place in the log.
        leaf_hash: Its RFC 6962 leaf hash, 64 hexadecimal digits.
        call_id: Identifier of the model call.
        at: The instant for which facts were asked.
        recorded_at: When it was recorded.
        question: What was asked, if known.
        draft: What the model wrote.
        output: What was shown.
        action: The strongest action taken.
        outcome: The report in one word.
        policy: The policy that decided.
        model: The model, if known.
        guardlayer: Version of the program that recorded it.
        notices: What the report said of the check itself.
        claims: The claims asked about.
        of: How many claims the response has; a claim's index counts from 0.
    """

    response: str
    seq: int
    leaf_hash: str
    call_id: str
    at: str
    recorded_at: str
    question: str | None
    draft: str
    output: str
    action: str
    outcome: str
    policy: WhyPolicy
    model: WhyModel | None
    guardlayer: str
    notices: tuple[str, ...]
    claims: tuple[WhyClaim, ...]
    of: int

    @property
    def text(self) -> str:
        """The chain as a tree a person can read, claims counted from 1.

        Every character that could steer a terminal is shown as an escape.
        """
        return "\n".join(_draw(_response_node(self)))

    def to_json(self) -> dict[str, Any]:
        """Return the chain as JSON values, under the names of the attributes."""
        return _plain(asdict(self))  # type: ignore[no-any-return]  # a dictionary stays one

    def __str__(self) -> str:
        return self.text


def trace(response: Record, claims: Sequence[Record]) -> Why:
    """Return the chain that the records of a response and of its claims hold."""
    body = response.body
    model = body["model"]
    return Why(
        response=response.id,
        seq=response.seq,
        leaf_hash=response.leaf_hash,
        call_id=body["call_id"],
        at=body["at"],
        recorded_at=body["recorded_at"],
        question=None if body["question"] is None else body["question"]["text"],
        draft=body["draft"]["text"],
        output=body["output"]["text"],
        action=body["action"],
        outcome=body["outcome"],
        policy=WhyPolicy(body["policy"]["name"], body["policy"]["digest"]),
        model=None if model is None else WhyModel(model["name"], model["digest"], tuple(model["adapters"])),
        guardlayer=body["guardlayer"],
        notices=tuple(body["notices"]),
        claims=tuple(_claim(record) for record in claims),
        of=body["claims"],
    )


def _claim(record: Record) -> WhyClaim:
    claim = record.body["claim"]
    current = claim["current"]
    return WhyClaim(
        record=record.id,
        seq=record.seq,
        leaf_hash=record.leaf_hash,
        index=claim["index"],
        text=claim["text"],
        start=claim["start"],
        end=claim["end"],
        path=claim["path"],
        kind=claim["kind"],
        verdict=claim["verdict"],
        score=claim["score"],
        reason=claim["reason"],
        verifier=claim["verifier"],
        error=claim["error"],
        action=claim["action"],
        evidence=tuple(_evidence(evidence) for evidence in claim["evidence"]),
        current=None
        if current is None
        else WhyCurrent(current["text"], current["value"], _source(current["source"]), _fact(current["fact"])),
    )


def _evidence(evidence: Mapping[str, Any]) -> WhyEvidence:
    span = evidence["span"] or {"start": None, "end": None}
    return WhyEvidence(
        text=evidence["text"],
        relation=evidence["relation"],
        standing=evidence["standing"],
        score=evidence["score"],
        source=_source(evidence["source"]),
        fact=_fact(evidence["fact"]),
        start=span["start"],
        end=span["end"],
        valid_from=evidence["valid"]["from"],
        valid_to=evidence["valid"]["to"],
    )


def _fact(fact: Mapping[str, Any] | None) -> WhyFact | None:
    if fact is None:
        return None
    return WhyFact(
        id=fact["id"],
        version=fact["version"],
        entity=fact["entity"],
        attribute=fact["attribute"],
        qualifiers=tuple((name, value) for name, value in fact["qualifiers"]),
        value=fact["value"],
        valid_from=fact["valid"]["from"],
        valid_to=fact["valid"]["to"],
        recorded_from=fact["recorded"]["from"],
        operation=fact["operation"],
        author=fact["author"],
        source=_source(fact["source"]),
    )


def _source(source: Mapping[str, Any]) -> WhySource:
    return WhySource(source["id"], source["uri"], source["version"], source["authority"], source["digest"])


# The tree -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Node:
    line: str
    below: tuple[_Node, ...] = ()


def _draw(node: _Node, first: str = "", rest: str = "") -> Iterable[str]:
    yield first + node.line
    for place, inner in enumerate(node.below, start=1):
        last = place == len(node.below)
        yield from _draw(inner, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))


def _response_node(why: Why) -> _Node:
    policy = f"{why.policy.name}@{why.policy.digest}" if why.policy.digest else why.policy.name
    below = [
        _Node(
            f"recorded {shown(why.recorded_at)} as #{why.seq}, leaf hash {why.leaf_hash[:16]}…, "
            f"facts as of {shown(why.at)}"
        )
    ]
    if why.question is not None:
        below.append(_Node(f"question: {shown(why.question)}"))
    if why.draft != why.output:
        below.append(_Node(f"model wrote: {shown(why.draft)}"))
    below.append(_Node(f"shown: {shown(why.output)}"))
    below.append(_Node(f"model: {_model_line(why.model)}"))
    below.append(_Node(f"policy: {shown(policy)} → {why.action}"))
    below += [_Node(f"notice: {shown(notice)}") for notice in why.notices]
    below += [_claim_node(claim, why.of) for claim in why.claims]
    if not why.of:
        below.append(_Node("no claims were found in it"))
    return _Node(f"response {why.response}: {why.outcome}", tuple(below))


def _model_line(model: WhyModel | None) -> str:
    if model is None:
        return "not stated"
    adapters = f", adapters {', '.join(model.adapters)}" if model.adapters else ""
    return shown(f"{model.name}, {model.digest or 'no digest'}{adapters}")


def _claim_node(claim: WhyClaim, of: int) -> _Node:
    score = "" if claim.score is None else f" {claim.score:.2f}"
    below = [_Node(f"because: {shown(claim.reason)}")]
    if claim.verifier:
        below.append(_Node(f"checked by {shown(claim.verifier)}"))
    if claim.error:
        below.append(_Node(f"error: {shown(claim.error)}"))
    below += [_evidence_node(evidence) for evidence in claim.evidence]
    if claim.current is not None:
        current = claim.current
        below.append(
            _Node(f"true then: {shown(current.text)}", (*_fact_nodes(current.fact), _source_node(current.source)))
        )
    where = f" at {shown(claim.path)}" if claim.path is not None else ""
    verdict = f"[{claim.kind}, {claim.verdict}{score} → {claim.action}]"
    return _Node(f"claim {claim.index + 1} of {of}{where}: {shown(claim.text)} {verdict}", tuple(below))


def _evidence_node(evidence: WhyEvidence) -> _Node:
    place = "" if evidence.start is None else f" [{evidence.start}:{evidence.end}]"
    return _Node(
        f"evidence, {evidence.relation}, {evidence.standing}: {shown(evidence.text)}{place}",
        (*_fact_nodes(evidence.fact), _source_node(evidence.source)),
    )


def _fact_nodes(fact: WhyFact | None) -> tuple[_Node, ...]:
    if fact is None:
        return ()
    valid = f"valid {shown(fact.valid_from or '…')} to {shown(fact.valid_to or '…')}"
    by = f", {shown(fact.operation)} by {shown(fact.author)}" if fact.author else ""
    recorded = f", recorded {shown(fact.recorded_from)}" if fact.recorded_from else ""
    return (_Node(f"fact {shown(fact.id)} version {fact.version}, {valid}{recorded}{by}"),)


def _source_node(source: WhySource) -> _Node:
    parts = [source.id]
    if source.version:
        parts.append(f"version {source.version}")
    if source.uri and source.uri != source.id:
        parts.append(source.uri)
    if source.digest:
        parts.append(source.digest)
    return _Node(f"source {shown(', '.join(parts))}")


def shown(text: str, limit: int = TEXT_LIMIT) -> str:
    """Return ``text`` on one bounded line, each control, format or separator character as an escape."""
    cut = text[:limit]
    safe = "".join(_visible(c) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c for c in cut)
    return safe if len(text) <= limit else safe + "…"


def _visible(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value
