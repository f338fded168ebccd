"""Where an answer came from, as a tree. Claims are numbered from 1, as ``check`` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from guardlayer.cli.screen import line
from guardlayer.cli.showing import DONE, MARKS, tag
from guardlayer.types import Action, Label

if TYPE_CHECKING:
    from guardlayer.provenance import Why
    from guardlayer.provenance.why import WhyClaim, WhyFact, WhySource

LIMIT = 300
"""Longest text on one line, in code points."""


def why_tree(why: Why, *, lineage: bool = True) -> Tree:
    """Return the tree of one response.

    Args:
        why: What the log says.
        lineage: Whether to name ids, hashes and times of recording, which differ from run to run.
    """
    tree = Tree(_line(f"response {why.response}: {why.outcome}" if lineage else f"response: {why.outcome}"))
    if why.question is not None:
        tree.add(_line(f"question: {why.question}"))
    tree.add(_line(f"shown: {why.output}"))
    for claim in why.claims:
        _add_claim(tree, claim)
    if not why.of:
        tree.add(_line("no claims were found in it"))
    digest = f"@{why.policy.digest[:12]}" if why.policy.digest and lineage else ""
    tree.add(_line(f"policy: {why.policy.name}{digest} → {why.action}"))
    model = why.model
    if model is None:
        tree.add(_line("model: not stated"))
    else:
        adapters = f", adapters {', '.join(model.adapters)}" if model.adapters else ""
        tree.add(_line(f"model: {model.name}, {model.digest or 'no digest'}{adapters}"))
    for notice in why.notices:
        tree.add(_line(f"notice: {notice}"))
    if lineage:
        tree.add(_line(f"recorded {why.recorded_at} as #{why.seq}, facts as of {why.at}, leaf hash {why.leaf_hash}"))
    else:
        tree.add(_line(f"facts as of {why.at}"))
    return tree


def _add_claim(tree: Tree, claim: WhyClaim) -> None:
    label = Label(claim.verdict)
    done = f" → {DONE[Action(claim.action)]}" if claim.action in DONE else ""
    where = f" at {claim.path}" if claim.path is not None else ""
    text = _line(f"{tag(claim.index + 1, label)} {claim.verdict}{done}{where}: {claim.text}", style=MARKS[label].style)
    node = tree.add(text)
    node.add(_line(f"why: {claim.reason}"))
    if claim.verifier:
        node.add(
            _line(f"checked by {claim.verifier}" + (f", score {claim.score:.2f}" if claim.score is not None else ""))
        )
    if claim.error:
        node.add(_line(f"error: {claim.error}"))
    for evidence in claim.evidence:
        place = "" if evidence.start is None else f" [{evidence.start}:{evidence.end}]"
        below = node.add(_line(f"evidence, {evidence.relation}, {evidence.standing}: {evidence.text}{place}"))
        _add_origin(below, evidence.fact, evidence.source)
    if claim.current is not None:
        _add_origin(node.add(_line(f"true then: {claim.current.text}")), claim.current.fact, claim.current.source)


def _add_origin(node: Tree, fact: WhyFact | None, source: WhySource) -> None:
    if fact is not None:
        by = f", {fact.operation} by {fact.author}" if fact.author else ""
        node.add(
            _line(
                f"fact {fact.id} version {fact.version}, valid {fact.valid_from or '…'} to {fact.valid_to or '…'}{by}"
            )
        )
    parts = [source.id, source.version and f"version {source.version}", source.uri if source.uri != source.id else None]
    node.add(_line(f"source {', '.join(part for part in parts if part)}"))


def _line(text: str, *, style: str = "") -> Text:
    shown = line(text)
    return Text(shown if len(shown) <= LIMIT else shown[: LIMIT - 1] + "…", style=style)
