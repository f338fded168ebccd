"""From verdicts to a decision: one action a claim, and the edits that follow.

Edits that would overlap are settled by one rule, the stronger action wins, and by what it entails: words are never
left standing that some action was to take away.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from guardlayer.errors import InputError
from guardlayer.policy.edits import apply_data, apply_text, json_text, leaf_text, pointer_get, same_type
from guardlayer.policy.marks import Citations, hedge, is_steering, lookalikes, mark_claim, plain
from guardlayer.policy.values import STRENGTH, Messages, OnError, stronger
from guardlayer.types import Action, CheckedClaim, Decision, Draft, Edit, Kind, Label

REPLACEMENT_LIMIT = 2000
"""Longest replacement that fits, in code points."""

_EDITING = (Action.ANNOTATE, Action.CORRECT, Action.REDACT)
_ON_ERROR = {OnError.OPEN: Action.PASS, OnError.ANNOTATE: Action.ANNOTATE, OnError.CLOSED: Action.BLOCK}


@dataclass(frozen=True, slots=True)
class Rules:
    """The part of a policy that decides."""

    actions: Mapping[tuple[Kind, Label], Action]
    thresholds: Mapping[Label, float]
    on_error: OnError
    messages: Messages


class Choice(NamedTuple):
    """What is to be done about one claim.

    Attributes:
        action: The action.
        label: What the verdict counts as.
        doubtful: Whether the verdict was below its threshold.
    """

    action: Action
    label: Label
    doubtful: bool = False


class _Change(NamedTuple):
    """A correction that fits: the words it replaces, and by what."""

    start: int
    end: int
    replacement: str
    claim: int


Region = tuple[int, int]

_PERHAPS = 0.65
"""Score of a fact below which it may well be none."""


def decide(rules: Rules, draft: Draft, claims: Sequence[CheckedClaim], citations: Citations | None = None) -> Decision:
    """Return one action a claim, and the output that results; see ``Policy.decide``.

    Args:
        rules: What is done about each verdict.
        draft: The text, or one part of a longer one.
        claims: Its claims.
        citations: Numbers the sources of the whole text of which the draft is a part, and lists them at its end; not
            given, the draft is a whole, and the list ends it.
    """
    choices = [choose(rules, checked) for checked in claims]
    actions = [choice.action for choice in choices]
    strongest = _strongest(actions)
    if strongest in (Action.BLOCK, Action.RETRY):
        # Until the model has answered again there is nothing that may be shown.
        return Decision(strongest, rules.messages.refusal, (), _reasons(claims, actions), tuple(actions))
    if draft.data is not None:
        edits = _edit_leaves(draft, claims, actions)
        output = json_text(apply_data(draft.data, edits), like=draft.text) if edits else draft.text
        return Decision(_strongest(actions), output, tuple(edits), _reasons(claims, actions), tuple(actions))
    edits = _edit_text(rules, draft.text, claims, choices, actions, citations=citations)
    defused = _defuse(draft.text, edits) if any(action in _EDITING for action in rules.actions.values()) else []
    reasons = _reasons(claims, actions)
    strongest = _strongest(actions)
    if defused:
        edits = sorted((*edits, *defused), key=lambda e: (e.start, e.end))
        strongest = stronger(strongest, Action.ANNOTATE)
        reasons += (f"annotate: {len(defused)} brackets the model wrote in the shape of our marks were replaced",)
    return Decision(strongest, apply_text(draft.text, edits), tuple(edits), reasons, tuple(actions))


def choose(rules: Rules, checked: CheckedClaim) -> Choice:
    """Return what is to be done about one claim by itself.

    A *supported* below its threshold counts as *unsupported*. A *contradicted* or *stale* below its threshold changes
    no words: it is annotated as possible, and blocks or asks again only where *unsupported* would. What is *stale* only
    because nobody has looked at its source in time changes no words either. What is perhaps no statement at all, and
    near no source, is reported as *unsupported* without a mark in the text; what stops the unsupported stops it too.
    Where the check failed, the stronger of the row for *unverifiable* and ``on_error`` applies.
    """
    label, kind = checked.verdict, checked.kind
    action = rules.actions[kind, label]
    if label is Label.UNSUPPORTED and action is Action.ANNOTATE and _perhaps_none(checked):
        action = Action.PASS
    if checked.result.unreviewed and action in (Action.CORRECT, Action.REDACT):
        action = Action.ANNOTATE  # it says what is recorded: there is nothing to put in its place
    # Written so that a score that is not a number is below every threshold.
    doubtful = label in rules.thresholds and not checked.score >= rules.thresholds[label]
    if doubtful and label is Label.SUPPORTED:
        return Choice(rules.actions[kind, Label.UNSUPPORTED], Label.UNSUPPORTED, doubtful)
    if doubtful and STRENGTH[action] > STRENGTH[Action.ANNOTATE]:
        floor = rules.actions[kind, Label.UNSUPPORTED]
        whole = {Action.RETRY, Action.BLOCK}
        action = min(action, floor, key=STRENGTH.__getitem__) if {action, floor} <= whole else Action.ANNOTATE
    if label is Label.UNVERIFIABLE and checked.result.error is not None:
        action = stronger(action, _ON_ERROR[rules.on_error])
    return Choice(action, label, doubtful)


def _perhaps_none(checked: CheckedClaim) -> bool:
    """Say whether a claim that no source is near may well be an opinion or a courtesy; a score of 0 is not known."""
    return checked.kind is Kind.FACT and not checked.evidence and 0 < checked.claim.kind_score < _PERHAPS


def refuse(rules: Rules, claims: Sequence[CheckedClaim], reason: str) -> Decision:
    """Return a decision that shows nothing, for a reason that lies outside the claims."""
    actions = tuple(choose(rules, checked).action for checked in claims)
    return Decision(
        Action.BLOCK, rules.messages.refusal, (), (f"block: {plain(reason)}", *_reasons(claims, actions)), actions
    )


def _reasons(claims: Sequence[CheckedClaim], actions: Sequence[Action]) -> tuple[str, ...]:
    return tuple(
        f"{action}: {checked.kind} claim {checked.verdict} ({checked.score:.2f}): {plain(checked.reason)}"
        for checked, action in zip(claims, actions, strict=True)
        if action is not Action.PASS
    )


def _strongest(actions: Sequence[Action]) -> Action:
    return max(actions, key=STRENGTH.__getitem__, default=Action.PASS)


# Text ---------------------------------------------------------------------------------------------------------------


def _edit_text(
    rules: Rules,
    text: str,
    claims: Sequence[CheckedClaim],
    choices: Sequence[Choice],
    actions: list[Action],
    *,
    citations: Citations | None,
) -> list[Edit]:
    """Return the edits in ascending order, and note in ``actions`` where a claim met a stronger one."""
    for checked in claims:
        if not 0 <= checked.start <= checked.end <= len(text):
            raise InputError(
                f"claim [{checked.start}, {checked.end}) lies outside a draft of {len(text)} characters; "
                "the splitter that made it is at fault"
            )
    if all(action is Action.PASS for action in actions):
        return []
    kept, regions = _settle(text, claims, actions)
    edits = {(change.start, change.end): Edit(change.start, change.end, change.replacement) for change in kept}
    edits |= {region: Edit(*region, rules.messages.redaction) for region in regions}
    marks = _place_marks(text, claims, choices, actions, redacted=regions, edited=sorted(edits), citations=citations)
    edits |= {(at, at): Edit(at, at, mark) for at, mark in marks.items()}
    return [edits[span] for span in sorted(edits)]


def _settle(text: str, claims: Sequence[CheckedClaim], actions: list[Action]) -> tuple[list[_Change], list[Region]]:
    """Return the corrections that stand, and the regions to redact, disjoint and in ascending order.

    Corrections that overlap and differ take each other's ground away, so both claims go; a correction that meets a
    redaction joins it.
    """
    changes = []
    for index, checked in enumerate(claims):
        if actions[index] is Action.CORRECT:
            change = _change(text, checked, index)
            if change is None:
                actions[index] = Action.REDACT
            else:
                changes.append(change)
    standing = []
    for cluster in _clusters(sorted(changes)):
        if len({change[:3] for change in cluster}) == 1:
            standing.append(cluster)
        else:
            for change in cluster:
                actions[change.claim] = Action.REDACT
    while True:
        regions = _union(
            [(c.start, c.end) for c, action in zip(claims, actions, strict=True) if action is Action.REDACT]
        )
        met = [cluster for cluster in standing if _covering(regions, cluster[0].start, cluster[0].end) is not None]
        if not met:
            return [change for cluster in standing for change in cluster], regions
        # The whole claim goes, not its corrected words alone, and may take others along.
        for change in (change for cluster in met for change in cluster):
            actions[change.claim] = Action.REDACT
        standing = [cluster for cluster in standing if cluster not in met]


def _change(text: str, checked: CheckedClaim, index: int) -> _Change | None:
    """Return the correction of a claim, or ``None`` where no replacement fits.

    A replacement comes from a source, which is data: one that steers a terminal, breaks the line or looks like a mark
    of ours does not fit.
    """
    result = checked.result
    if not result.replacement or result.span is None or len(result.replacement) > REPLACEMENT_LIMIT:
        return None
    span = checked.claim.locate(result.span)
    if span is None or span.start == span.end or span.end > len(text):
        return None
    new = result.replacement
    if new == span.slice(text) or any(map(is_steering, new)) or any(True for _ in lookalikes(new)):
        return None
    return _Change(span.start, span.end, new, index)


def _clusters(changes: Sequence[_Change]) -> Iterator[list[_Change]]:
    cluster: list[_Change] = []
    end = 0
    for change in changes:
        if cluster and change.start >= end:
            yield cluster
            cluster = []
        end = max(end, change.end) if cluster else change.end
        cluster.append(change)
    if cluster:
        yield cluster


def _union(regions: Sequence[Region]) -> list[Region]:
    """Return the union of half-open ranges as disjoint ones, ascending; ranges that touch become one."""
    merged: list[Region] = []
    for start, end in sorted(regions):
        if start == end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _covering(regions: Sequence[Region], start: int, end: int) -> Region | None:
    """Return a range of ``regions`` (disjoint, ascending) that shares a character with ``[start, end)``."""
    place = bisect_right(regions, start, key=lambda region: region[1])
    if place < len(regions) and regions[place][0] < end:
        return regions[place]
    return None


def _place_marks(
    text: str,
    claims: Sequence[CheckedClaim],
    choices: Sequence[Choice],
    actions: list[Action],
    *,
    redacted: Sequence[Region],
    edited: Sequence[Region],
    citations: Citations | None,
) -> dict[int, str]:
    """Return what is inserted where: a mark behind each annotated claim, and the list of sources at the end."""
    whole = citations is None
    citations = citations or Citations()
    marks: dict[int, str] = {}
    for index, checked in enumerate(claims):
        if actions[index] is not Action.ANNOTATE:
            continue
        end = checked.end
        while end > checked.start and text[end - 1].isspace():
            end -= 1
        gone = _covering(redacted, checked.start, end) if end > checked.start else None
        if gone is not None and gone[0] <= checked.start and end <= gone[1]:
            if checked.end <= gone[1]:  # else blanks of it still stand, and there is no word to mark
                actions[index] = Action.REDACT
            continue
        inside = _covering(edited, end - 1, end) if end else None
        if inside is not None:
            end = inside[1]
        mark = mark_claim(checked, choices[index].label, citations)
        if choices[index].doubtful and choices[index].label is checked.verdict:
            mark = hedge(mark)
        marks[end] = f"{marks[end]} {mark}" if end in marks else mark
    spaced = {at: _spaced(text, at, mark) for at, mark in marks.items()}
    listed = citations.listed()
    if listed and whole:
        spaced[len(text)] = spaced.get(len(text), "") + listed
    return spaced


def _spaced(text: str, at: int, mark: str) -> str:
    before = "" if at == 0 or text[at - 1].isspace() else " "
    # Markdown would read what follows as the target or the definition of a link named like our mark.
    after = " " if text[at : at + 1] in ("(", "[", ":") else ""
    return f"{before}{mark}{after}"


def _defuse(text: str, edits: Sequence[Edit]) -> list[Edit]:
    taken = [(edit.start, edit.end) for edit in edits if edit.end > edit.start]
    return [Edit(at, at + 1, "(") for at in lookalikes(text) if _covering(taken, at, at + 1) is None]


# Structured output --------------------------------------------------------------------------------------------------


def _edit_leaves(draft: Draft, claims: Sequence[CheckedClaim], actions: list[Action]) -> list[Edit]:
    """Return the edits by pointer and offset; annotations change no value, they stay in the report."""
    leaves: dict[str, list[int]] = {}
    for index, checked in enumerate(claims):
        if actions[index] in (Action.CORRECT, Action.REDACT):
            leaves.setdefault(checked.path or "", []).append(index)
    edits: dict[str, list[Edit]] = {}
    for path, indices in leaves.items():
        value = pointer_get(draft.data, path)
        text = leaf_text(value)
        changes = [_change(text, claims[i], i) for i in indices if actions[i] is Action.CORRECT]
        fitting = [change for change in changes if change is not None]
        clusters = list(_clusters(sorted(fitting)))
        new = [Edit(c[0].start, c[0].end, c[0].replacement, path) for c in clusters]
        whole = (
            len(changes) < len(indices)
            or len(fitting) < len(changes)
            or any(len({change[:3] for change in cluster}) > 1 for cluster in clusters)
            or isinstance(value, (dict, list, tuple))
            # A correction never changes the type of a value: who reads the output counts on it.
            or not same_type(value, apply_text(text, new))
        )
        if whole:
            new = [Edit(0, len(text), "", path)]
            for index in indices:
                actions[index] = Action.REDACT
        edits[path] = new
    removed = {path for path, new in edits.items() if not new[0].replacement}
    for path in [path for path in edits if any(above in removed for above in _above(path))]:
        del edits[path]
        for index in leaves[path]:
            actions[index] = Action.REDACT
    return [edit for path in sorted(edits) for edit in edits[path]]


def _above(path: str) -> Iterator[str]:
    while path:
        path = path.rpartition("/")[0]
        yield path
