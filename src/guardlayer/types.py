"""The values that flow through guardlayer, top to bottom in the order in which they come to be.

    Draft ─split─▶ Claim* ─classify─▶ kind ─route─▶ Evidence* ─verify─▶ Verdict* ─decide─▶ Decision ─record─▶ Record
                                           everything so far = Report

All are frozen and whole, and none does I/O. Offsets count code points. Instants are aware datetimes in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from guardlayer.temporal import Interval

__all__ = [
    "Action",
    "Alignment",
    "CheckedClaim",
    "Claim",
    "Coverage",
    "Decision",
    "Draft",
    "Edit",
    "Erased",
    "Evidence",
    "Fact",
    "Form",
    "Interval",
    "Kind",
    "Label",
    "Model",
    "Outcome",
    "Passage",
    "Piece",
    "Query",
    "Record",
    "Relation",
    "Report",
    "Skipped",
    "Source",
    "Span",
    "Split",
    "Standing",
    "Turn",
    "Verdict",
]


class Kind(StrEnum):
    """What a claim is, and so which authority is asked about it (DESIGN §1)."""

    BEHAVIOR = "behavior"
    FACT = "fact"
    STATE = "state"
    PERMISSION = "permission"


class Form(StrEnum):
    """The shape in which a claim stood in the draft; a cue for the classifier."""

    SENTENCE = "sentence"
    CLAUSE = "clause"
    FRAGMENT = "fragment"
    ITEM = "item"
    CELL = "cell"
    HEADING = "heading"
    CODE = "code"
    LEAF = "leaf"


class Label(StrEnum):
    """Outcome of verifying one claim (DESIGN §1)."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    STALE = "stale"
    DISPUTED = "disputed"
    UNSUPPORTED = "unsupported"
    UNVERIFIABLE = "unverifiable"
    EXEMPT = "exempt"


class Action(StrEnum):
    """What a policy does with a claim, mildest first; a report's action is the strongest of its claims'."""

    PASS = "pass"
    ANNOTATE = "annotate"
    CORRECT = "correct"
    REDACT = "redact"
    RETRY = "retry"
    BLOCK = "block"


class Outcome(StrEnum):
    """A report in one word; that nothing was found and that nothing was looked for are different words."""

    VERIFIED = "verified"
    """At least one claim was checked, and every one checked is supported."""
    FINDINGS = "findings"
    """At least one claim is contradicted, stale, disputed or unsupported."""
    INCOMPLETE = "incomplete"
    """No finding, but at least one claim could not be checked."""
    NO_CLAIMS = "no_claims"
    """Nothing in the text needed a source: this is no proof of anything."""


class Relation(StrEnum):
    """How a piece of evidence stands to a claim."""

    SUPPORTS = "supports"
    REFUTES = "refutes"
    NEUTRAL = "neutral"


class Standing(StrEnum):
    """What a fact version or passage is worth at the instant that was asked for."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    """It was true and has ended, or a newer version of its source or key has taken its place."""
    CORRECTED = "corrected"
    """It was recorded and then found never to have been true."""
    RETRACTED = "retracted"
    """Its source withdrew it."""
    FUTURE = "future"
    """It will be true later than the instant asked for."""
    DISPUTED = "disputed"
    """Sources of equal authority disagree, and this is what one of them says."""


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of code points, ``[start, end)``.

    Attributes:
        start: Offset of the first code point.
        end: Offset after the last one.
        page: The page on which it begins, counted from 1, where the text has pages.
    """

    start: int
    end: int
    page: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: [{self.start}, {self.end})")

    def slice(self, text: str) -> str:
        """Return the part of ``text`` that the span covers."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Source:
    """Where evidence comes from.

    Attributes:
        id: Stable identifier, unique in its store.
        uri: Where a person can look it up; ``None`` if there is no such place.
        version: Version of the source that was read.
        authority: Rank; a higher source wins over a lower one on the same key. 0 is the default.
        effective: When the source as a whole is in force.
        digest: ``sha256:…`` of the content that was read, if it was read as a whole.
    """

    id: str
    uri: str | None = None
    version: str | None = None
    authority: int = 0
    effective: Interval = Interval()
    digest: str | None = None

    def __str__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class Fact:
    """One version of one statement in the ledger.

    The key is (entity, attribute, qualifiers). ``valid`` is when the value holds in the world, ``recorded`` when
    the ledger said so; both half-open. A version is never changed except that its recorded interval is closed.

    Attributes:
        id: Identifier of the fact, the same over all its versions.
        version: 1 for the first, then counting up.
        entity: Preferred name of the entity.
        attribute: Preferred name of the attribute.
        value: The value as it was given.
        qualifiers: Sorted (name, value) pairs that narrow the key.
        valid: Valid time.
        recorded: Transaction time.
        source: Who says so.
        aliases: Other names of the value, where it is an entity of its own.
        single: Whether the key holds at most one value at an instant.
        operation: What wrote this version: add, supersede, correct, rollback or close.
        author: Who wrote it, if said.
        reason: Why, if said.
        supersedes: Id of the fact this one took over from, if it was said explicitly.
        corrected: Whether the value comes from a correction, which outranks whatever else is recorded.
        span: Where the source says so, if it was read from a document.
        review_after: When it is due for review; from then on it is not known to hold still.
        settled: Ids of the facts before which somebody preferred it, where they were tied.
    """

    id: str
    version: int
    entity: str
    attribute: str
    value: str
    qualifiers: tuple[tuple[str, str], ...] = ()
    valid: Interval = Interval()
    recorded: Interval = Interval()
    source: Source = Source("unstated")
    aliases: tuple[str, ...] = ()
    single: bool = False
    operation: str = "add"
    author: str | None = None
    reason: str | None = None
    supersedes: str | None = None
    corrected: bool = False
    span: Span | None = None
    review_after: datetime | None = None
    settled: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, tuple[tuple[str, str], ...]]:
        """What the ledger holds one answer for: (entity, attribute, qualifiers)."""
        return self.entity, self.attribute, self.qualifiers

    @property
    def text(self) -> str:
        """The fact as a line a person can read."""
        narrowed = "".join(f", {name} {value}" for name, value in self.qualifiers)
        return f"{self.entity}, {self.attribute}{narrowed}: {self.value}"


@dataclass(frozen=True, slots=True)
class Alignment:
    """How a fact's key was found in a claim.

    Attributes:
        entity: Where ``claim.text`` names the entity; ``None`` if the question or an earlier turn did.
        attribute: Where ``claim.text`` names the attribute; ``None`` if the question did.
        score: 0 to 1, how sure the key is; 1 is entity and attribute named in full in the claim itself.
        tense: ``past`` where the claim itself speaks of former times, else ``present``.
        phrase: The words of the claim that matched the attribute, for the reason given to people.
        candidates: Preferred names of the entities the name may stand for, where nothing decides; then the fact is
            that of one of them, and says nothing of the claim.
        qualifiers: Where ``claim.text`` names what narrows the key: a region, a period.
    """

    entity: Span | None
    attribute: Span | None
    score: float
    tense: str = "present"
    phrase: str = ""
    candidates: tuple[str, ...] = ()
    qualifiers: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage or fact version that bears on a claim.

    Attributes:
        text: The passage, or the fact as a line.
        source: Where it comes from.
        span: Where the passage stands in its source, if known.
        standing: What it is worth at the instant asked for.
        valid: When what it says holds, as far as known.
        recorded: When it became known here, if known.
        fact: The fact version, if it is one.
        successor: What is true instead, where ``standing`` is not current and something is.
        alignment: How the fact's key was found in the claim; ``None`` for passages.
        relation: How it stands to the claim; neutral until a verifier has said otherwise.
        score: 0 to 1, rank of the passage in its retrieval, 1 best.
        replaced_by: The passage that stands in its place at the instant asked for, where the versions of its source
            show one.
        review_after: Of a passage: when its source is due for review. A fact has its own; see :attr:`due`.
    """

    text: str
    source: Source
    span: Span | None = None
    standing: Standing = Standing.CURRENT
    valid: Interval = Interval()
    recorded: datetime | None = None
    fact: Fact | None = None
    successor: Fact | None = None
    alignment: Alignment | None = None
    relation: Relation = Relation.NEUTRAL
    score: float = 1.0
    replaced_by: Evidence | None = None
    review_after: datetime | None = None

    @property
    def due(self) -> datetime | None:
        """When it is due for review; from then on it is not known to hold still."""
        return self.review_after if self.fact is None else self.fact.review_after

    def aligned(self, alignment: Alignment) -> Evidence:
        """Return the evidence, with how its key was found in a claim."""
        return Evidence(
            text=self.text,
            source=self.source,
            span=self.span,
            standing=self.standing,
            valid=self.valid,
            recorded=self.recorded,
            fact=self.fact,
            successor=self.successor,
            alignment=alignment,
            relation=self.relation,
            score=self.score,
            replaced_by=self.replaced_by,
            review_after=self.review_after,
        )


Passage = Evidence
"""A piece of evidence that is not a keyed fact; the same type, named for readers."""


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier message of the conversation. ``role`` is user, assistant, system or tool."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Model:
    """What is known of the model that wrote the draft. Digests are computed or absent, never invented.

    Attributes:
        name: As the caller names it, for example ``ft:gpt-…``.
        digest: ``sha256:…`` of the weights, where they were read.
        adapters: Names or digests of adapters, in the order applied.
    """

    name: str
    digest: str | None = None
    adapters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking: whose permissions and whose records a call is about.

    Attributes:
        id: Identifier in the policy engine's terms, such as ``alice``.
        type: Sort of principal.
        attributes: What is known of them: values that policies test and state queries are bound to.
    """

    id: str
    type: str = "User"
    attributes: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a model wrote, and everything that came with the call.

    Attributes:
        text: The text; for structured output its JSON.
        at: The instant for which facts are asked.
        call_id: Identifier of the model call, unique per check.
        question: What was asked, if known.
        turns: Earlier messages, oldest first.
        evidence: Tool outputs and documents that came with the call.
        model: Lineage of the model.
        data: The structured output, if the draft is one: JSON values only.
        principal: Who is asking, if it was said.
    """

    text: str
    at: datetime
    call_id: str
    question: str | None = None
    turns: tuple[Turn, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    model: Model | None = None
    data: Any = None
    principal: Principal | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of ``claim.text`` that was copied unchanged from the draft."""

    text_start: int
    draft_start: int
    length: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One self-contained statement.

    Attributes:
        text: The statement with references resolved; may hold words that are not in the draft.
        start: Offset in the draft of the text it came from.
        end: Offset in the draft after it.
        form: The shape it stood in.
        kind: What it is; a claim that nothing has classified counts as a fact, the strictest reading.
        kind_score: 0 to 1; 0 means unclassified.
        path: JSON pointer (RFC 6901) of the leaf, for structured output.
        pieces: Which runs of ``text`` stand unchanged in the draft, in order.
    """

    text: str
    start: int
    end: int
    form: Form = Form.SENTENCE
    kind: Kind = Kind.FACT
    kind_score: float = 0.0
    path: str | None = None
    pieces: tuple[Piece, ...] = ()

    def of_kind(self, kind: Kind, score: float) -> Claim:
        """Return the claim, classified."""
        return Claim(self.text, self.start, self.end, self.form, kind, score, self.path, self.pieces)

    def locate(self, span: Span) -> Span | None:
        """Map a span of ``text`` to the draft.

        Returns:
            The span in the draft, or ``None`` where the words were supplied by resolution.
        """
        for piece in self.pieces:
            offset = span.start - piece.text_start
            if offset >= 0 and span.end <= piece.text_start + piece.length:
                start = piece.draft_start + offset
                return Span(start, start + span.end - span.start)
        return None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A region of the draft that is in no claim, and why."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class Split:
    """What a splitter made of a draft: every character that is not white space is in one of the two."""

    claims: tuple[Claim, ...]
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What an authority is asked.

    Attributes:
        claim: The claim to find evidence for.
        at: The instant for which facts are asked.
        question: What the model was asked, if known: supplies an entity or attribute the claim leaves out.
        turns: Earlier messages, oldest first.
        topics: Texts of the claims before this one in the draft, nearest last.
        limit: At most this many passages are wanted.
        principal: Who is asking, if it was said; evidence they may not read is no answer.
    """

    claim: Claim
    at: datetime
    question: str | None = None
    turns: tuple[Turn, ...] = ()
    topics: tuple[str, ...] = ()
    limit: int = 5
    principal: Principal | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about one claim.

    Attributes:
        label: The outcome.
        score: 0 to 1, how sure the verifier is of the label.
        reason: One sentence a person can read.
        evidence: What the verdict rests on, decisive piece first, each with its relation set.
        current: The fact or passage that is true now, where it differs from or confirms the claim.
        verifier: Name and version, ``structured/1``.
        span: Where ``claim.text`` states the value that was compared, if one was.
        replacement: Text that may stand at ``span`` to make the claim true, where one fits.
        error: The cause, where the check could not be done.
    """

    label: Label
    score: float
    reason: str
    evidence: tuple[Evidence, ...] = ()
    current: Fact | Evidence | None = None
    verifier: str = ""
    span: Span | None = None
    replacement: str | None = None
    error: str | None = None

    @property
    def unreviewed(self) -> bool:
        """Whether the claim says what is recorded, and that is overdue for review: *stale*, with nothing newer."""
        return self.label is Label.STALE and any(
            piece.relation is Relation.SUPPORTS and piece.standing is Standing.CURRENT and piece.due is not None
            for piece in self.evidence[:1]
        )


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A claim with its verdict and what the policy did about it: one line of a report."""

    claim: Claim
    result: Verdict
    action: Action = Action.PASS

    @property
    def text(self) -> str:
        """The claim, self-contained."""
        return self.claim.text

    @property
    def start(self) -> int:
        """Offset of the claim in the draft, in code points."""
        return self.claim.start

    @property
    def end(self) -> int:
        """Offset after the claim in the draft, in code points."""
        return self.claim.end

    @property
    def path(self) -> str | None:
        """JSON pointer of the leaf, for structured output."""
        return self.claim.path

    @property
    def kind(self) -> Kind:
        """What the claim is."""
        return self.claim.kind

    @property
    def verdict(self) -> Label:
        """The outcome."""
        return self.result.label

    @property
    def score(self) -> float:
        """0 to 1, how sure the verifier is."""
        return self.result.score

    @property
    def reason(self) -> str:
        """Why, in one sentence."""
        return self.result.reason

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """What the verdict rests on, decisive piece first."""
        return self.result.evidence

    @property
    def current(self) -> Fact | Evidence | None:
        """The fact or passage that is true now."""
        return self.result.current


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement in the draft: ``[start, end)`` becomes ``replacement``.

    Attributes:
        start: Offset in the draft, in code points.
        end: Offset after the replaced text.
        replacement: The new text.
        path: JSON pointer of the leaf the offsets count in, for structured output.
    """

    start: int
    end: int
    replacement: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy made of the verdicts.

    Attributes:
        action: The strongest action taken on any claim.
        output: The text that may be shown.
        edits: How ``output`` came from the draft, by ascending offset.
        reasons: One line for every claim that was not simply passed.
        actions: The action of each claim, in the order of the claims.
    """

    action: Action
    output: str
    edits: tuple[Edit, ...] = ()
    reasons: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a text was checked.

    Attributes:
        claims: Claims found, behavior included.
        checked: Claims for which an authority was asked and gave a verdict.
        exempt: Claims that are behavior.
        unverifiable: Claims whose check could not be done.
        supported: Claims with a source.
        skipped: Regions of the text that are in no claim, with their reasons.
        characters: Characters of the draft that are not white space.
    """

    claims: int
    checked: int
    exempt: int
    unverifiable: int
    supported: int
    skipped: tuple[Skipped, ...] = ()
    characters: int = 0

    def __str__(self) -> str:
        return (
            f"{self.claims} claims: {self.checked} checked ({self.supported} supported), {self.exempt} exempt, "
            f"{self.unverifiable} unverifiable, {len(self.skipped)} regions skipped"
        )


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased in one store.

    Attributes:
        store: The store, as a person would look for it.
        removed: How much of what was removed, by name; nothing where it held nothing.
        left: What may still hold it and cannot be reached from here, one thing each; then the erasure is not complete.
    """

    store: str
    removed: Mapping[str, int] = field(default_factory=dict, hash=False)
    left: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing is left."""
        return not self.left


@dataclass(frozen=True, slots=True)
class Record:
    """An acknowledged entry of the provenance log: written, synced, and at this place for ever.

    Attributes:
        id: Identifier of the record.
        seq: Position in the log, from 0.
        kind: ``response`` or ``claim``.
        leaf_hash: RFC 6962 leaf hash of the stored bytes, 64 hexadecimal digits.
        body: What was recorded, as JSON values.
    """

    id: str
    seq: int
    kind: str
    leaf_hash: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything found out about one draft: what users hold.

    Attributes:
        draft: The input.
        claims: Each claim with its verdict and action, in the order of the text.
        decision: What the policy made of it.
        coverage: How much was checked.
        policy: Name and digest of the policy, ``enforce@1f3a…``.
        record: Identifier of the response's provenance record; ``None`` where nothing was recorded.
        notices: What the reader must know of the check itself, such as a log that was switched off.
        recheck: The report on the output, where the policy changed it.
    """

    draft: Draft
    claims: tuple[CheckedClaim, ...]
    decision: Decision
    coverage: Coverage
    policy: str
    record: str | None = None
    notices: tuple[str, ...] = ()
    recheck: Report | None = field(default=None, repr=False)

    @property
    def outcome(self) -> Outcome:
        """The report in one word."""
        labels = {claim.result.label for claim in self.claims}
        if labels & {Label.CONTRADICTED, Label.STALE, Label.DISPUTED, Label.UNSUPPORTED}:
            return Outcome.FINDINGS
        if Label.UNVERIFIABLE in labels:
            return Outcome.INCOMPLETE
        return Outcome.VERIFIED if Label.SUPPORTED in labels else Outcome.NO_CLAIMS

    @property
    def ok(self) -> bool:
        """Whether nothing in the text lacks its source: every claim is supported, or needs none.

        True also for a text without claims; ask :attr:`outcome` or :attr:`coverage` to tell the two apart.
        """
        return self.outcome in (Outcome.VERIFIED, Outcome.NO_CLAIMS)

    @property
    def action(self) -> Action:
        """The strongest action taken."""
        return self.decision.action

    @property
    def output(self) -> str:
        """The text that may be shown."""
        return self.decision.output
