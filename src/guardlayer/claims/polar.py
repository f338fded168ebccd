"""Questions that yes or no answers, and what either says."""

from __future__ import annotations

from typing import Final

from guardlayer.claims.frames import (
    COPULAS,
    DO,
    MODALS,
    Frame,
    about,
    capitalised,
    inflected,
    is_participle,
    name_end,
    verb_index,
)
from guardlayer.claims.lexicon import DETERMINERS, PREDICATES, PREPOSITIONS, PRONOUN_SUBJECTS

__all__ = ["polar_frame"]

_SCALES: Final = frozenset(("percent", "%", "hundred", "thousand", "million", "billion", "trillion"))


def polar_frame(verb: str, rest: list[str]) -> Frame | None:
    """Return the frame of a question that yes or no answers."""
    split = verb_index(rest, verb) if verb in DO else _predicate_index(rest, verb)
    if split <= 0 or split >= len(rest):
        return None
    subject, tail = capitalised(" ".join(rest[:split])), " ".join(rest[split:])
    if verb in DO:
        yes = " ".join([subject, inflected(verb, rest[split]), *rest[split + 1 :]])
    else:
        yes = f"{subject} {verb} {tail}"
    if subject == "There" and rest[split].lower() in ("a", "an", "any", "some"):
        return Frame(
            f"{verb.capitalize()} {' '.join(rest)}? ",
            yes=f"There {verb} {tail}.",
            no=f"There {verb} no {' '.join(rest[split + 1 :])}.",
        )
    no = f"{subject} cannot {tail}" if verb == "can" else f"{subject} {verb} not {tail}"
    question = " ".join([verb.capitalize(), *rest])
    said = yes.split(" ")
    gap = _gap_in(said, split + (0 if verb in DO else 1))
    # *Is Bob Ray the CEO of Acme?* asks for a person as much as for an office.
    swap = f" {verb} {tail}" if verb in COPULAS and rest[split].lower() == "the" and rest[0][0].isupper() else ""
    return Frame(
        f"{question}? ",
        subject=about(rest[:split]),
        plural=verb in ("are", "were", "do", "have"),
        yes=f"{yes}.",
        no=f"{no}.",
        polar=True,
        gap_before=f"{' '.join(said[: gap[0]])} " if gap and not swap else "",
        gap_after="".join(f" {word}" for word in said[gap[1] :]) if gap and not swap else "",
        figure=gap is not None and any(map(str.isdigit, said[gap[0]])),
        swap=swap,
    )


def _gap_in(words: list[str], begin: int) -> tuple[int, int] | None:
    """Return where in ``words``, from ``begin`` on, the one value stands that a question proposes."""
    found: list[tuple[int, int]] = []
    at = begin
    while at < len(words):
        start = at
        if any(map(str.isdigit, words[at])):
            at += 1
            while at < len(words) and words[at].lower() in _SCALES:
                at += 1
        elif at > begin - 1 and words[at][0].isupper():
            at = start + name_end(words[start:])
        else:
            at += 1
            continue
        found.append((start, at))
    figures = [span for span in found if any(map(str.isdigit, words[span[0]]))]
    return found[0] if len(found) == 1 else figures[0] if len(figures) == 1 else None


def _predicate_index(words: list[str], verb: str) -> int:
    """Return where the predicate of a yes/no question begins, or -1."""
    if not words:
        return -1
    if words[0].lower() in PRONOUN_SUBJECTS:
        return 1
    name = name_end(words)
    if name:
        return name
    if verb in MODALS:
        return verb_index(words, verb)
    for at, word in enumerate(words):
        low = word.lower()
        if at < (2 if words[0].lower() in DETERMINERS else 1) or words[at - 1].lower() == "of":
            continue
        if low in PREDICATES or low in DETERMINERS or is_participle(low) or (low in PREPOSITIONS and low != "of"):
            if words[at - 1].lower() not in DETERMINERS and words[at - 1].lower() not in PREPOSITIONS:
                return at
        elif any(map(str.isdigit, word)) or (word[0].isupper() and words[at - 1].lower() not in PREPOSITIONS):
            return at
    return len(words) - 1 if len(words) > 1 else -1
