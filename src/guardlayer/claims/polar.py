"""Questions that yes or no answers, and what either says."""

from __future__ import annotations

from typing import Final

from guardlayer.claims.frames import (
    COPULAS,
    DO,
    HAVE,
    MODALS,
    Frame,
    about,
    capitalised,
    inflected,
    is_participle,
    name_end,
    owner_end,
    verb_index,
)
from guardlayer.claims.lexicon import DETERMINERS, PREDICATES, PREPOSITIONS, PRONOUN_SUBJECTS

__all__ = ["polar_frame", "stated_frame"]

_SCALES: Final = frozenset(("percent", "%", "hundred", "thousand", "million", "billion", "trillion"))


def polar_frame(verb: str, rest: list[str]) -> Frame:
    """Return the frame of a question that yes or no answers.

    Args:
        verb: The verb that opens it, in lower case.
        rest: The words after it.
    """
    split = verb_index(rest, verb) if verb in DO else _predicate_index(rest, verb)
    question = " ".join([verb.capitalize(), *rest])
    if split <= 0 or split >= len(rest):
        # What cannot be turned round is asserted or denied as it was asked, so that no *yes* escapes.
        return Frame(f"{question}? ", yes=f"{question}? Yes.", no=f"{question}? No.", polar=True)
    if rest[0].lower() == "you":
        verb = {"am": "are", "was": "were"}.get(verb, verb)
    return _framed(verb, rest, split, f"{question}? ")


def stated_frame(words: list[str]) -> Frame:
    """Return the frame of a statement put as a question: *The fee is 3%?*, *the fee is 3%, right?*."""
    statement = capitalised(" ".join(words))
    for at, word in enumerate(words[:-1]):
        if at and word.lower() in COPULAS | MODALS | HAVE:
            return _framed(word.lower(), [*words[:at], *words[at + 1 :]], at, f"{statement}? ")
    return Frame(f"{statement}? ", yes=f"{statement}.", no=f"It is not so: {statement}.", polar=True)


def _framed(verb: str, rest: list[str], split: int, before: str) -> Frame:
    """Return the frame of a yes/no question whose subject is ``rest[:split]``."""
    subject, tail = capitalised(" ".join(rest[:split])), " ".join(rest[split:])
    if verb in DO:
        yes = " ".join([subject, inflected(verb, rest[split]), *rest[split + 1 :]])
    else:
        yes = f"{subject} {verb} {tail}"
    if subject == "There" and rest[split].lower() in ("a", "an", "any", "some"):
        return Frame(before, yes=f"There {verb} {tail}.", no=f"There {verb} no {' '.join(rest[split + 1 :])}.")
    no = f"{subject} cannot {tail}" if verb == "can" else f"{subject} {verb} not {tail}"
    said = yes.split(" ")
    gap = _gap_in(said, split + (0 if verb in DO else 1))
    # *Is Bob Ray the CEO of Acme?* asks for a person as much as for an office.
    swap = f" {verb} {tail}" if verb in COPULAS and rest[split].lower() == "the" and rest[0][0].isupper() else ""
    return Frame(
        before,
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
        if found and found[-1][1] == start - 1 and words[start - 1].lower() == "or":
            # *Is it 3% or 4%?* proposes both, and either answers it.
            start = found.pop()[0]
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
    owner = owner_end(words)
    if name and not owner:
        return name
    if verb in MODALS:
        return verb_index(words, verb)
    least = owner + 1 if owner else 2 if words[0].lower() in DETERMINERS else 1
    while owner and least < len(words) - 1 and words[least - 1].isupper() and words[least].isupper():
        least += 1
    for at, word in enumerate(words):
        low = word.lower()
        if at < least or words[at - 1].lower() == "of":
            continue
        if low in PREDICATES or low in DETERMINERS or is_participle(low) or (low in PREPOSITIONS and low != "of"):
            if words[at - 1].lower() not in DETERMINERS and words[at - 1].lower() not in PREPOSITIONS:
                return at
        elif any(map(str.isdigit, word)) or (word[0].isupper() and words[at - 1].lower() not in PREPOSITIONS):
            return at
    return len(words) - 1 if len(words) > 1 else -1
