"""Writes evidence/claim pairs from structured facts, so that arithmetic and bookkeeping decide every label.

Sources look like what people keep facts in: prose, tables, tickets, contracts, release notes, dialogue, minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from tools.entailment.pairs import Label, Pair
from tools.entailment.quantities import AMOUNTS, draw, other, say, write, write_amount
from tools.entailment.scenes import bearer, scene, sentence, tell
from tools.entailment.vocabulary import ENDINGS, PLACES, STEMS, FactKind

SOURCE = "generated"
_NEUTRAL_TAILS = (
    "because of a new supplier", "for the second year in a row", "after a vote of the board", "thanks to outside help",
    "which nobody had expected", "at the request of a large customer", "despite a warning from the auditors",
    "as the press had predicted", "and will be raised next year", "unlike its main rival",
)  # fmt: skip
_UNSURE = (
    "There is a proposal under which {s}.",
    "If the board agrees, then {s}.",
    "A rumour has it that {s}; nobody has confirmed it.",
    "One option on the table is that {s}.",
    "A customer asked whether {s}.",
    "An early draft said that {s}, but drafts are not binding.",
)
_WAYS = (
    ("rose", "fell"),
    ("increased", "decreased"),
    ("went up", "went down"),
    ("is higher than before", "is lower than before"),
)
_LOWERED = frozenset(
    """The Under Support Refunds Students Work Both According Customers There You By Employees Logs Some Legally At
    Invoices Liability Late Storage Paying Passwords Billing Right In With Exceptions""".split()  # noqa: SIM905
)


def pairs(count: int, *, seed: int) -> Iterator[Pair]:
    """Write ``count`` pairs, the same ones for the same seed; twins follow one another."""
    rng = Random(seed)
    made = 0
    makers: tuple[Callable[[Random], list[Pair]], ...] = (
        _twins, _twins, _twins, _same_source, _same_source, _neutral, _neutral, _change, _parts, _compare, _compound,
        _unsure, _bounded, _negated,
    )  # fmt: skip
    while made < count:
        group = rng.choice(makers)(rng)
        if len(group) > 1:
            group = [replace(pair, twin=f"{SOURCE}:{made}") for pair in group]
        for pair in group:
            yield pair
            made += 1
            if made == count:
                return


# --- claims ----------------------------------------------------------------------------------------------------


def claim_text(kind: FactKind, name: str, value: str, rng: Random) -> str:
    """Write a claim."""
    text = rng.choice(kind.claims).format(e=name, v=value)
    text = text[0].upper() + text[1:]
    return f"{text}." if rng.random() < 0.92 else text


def _pair(evidence: str, claim: str, label: Label) -> Pair:
    return Pair(evidence, claim, label, SOURCE)


def _twins(rng: Random) -> list[Pair]:
    """One claim, and two versions of its source of which one supports and the other refutes it."""
    sorts = rng.choice((None, None, AMOUNTS, AMOUNTS | {"date"}, frozenset(("choice", "person", "place"))))
    told = scene(rng, sorts=sorts)
    fact = told.fact
    said = say(fact.kind, fact.value, rng)
    for _ in range(30):
        value = other(fact.kind, fact.value, rng)
        turned = said.judge(fact.kind, value)
        if turned is not None and turned is not said.label:
            seed = rng.getrandbits(32)
            text = claim_text(fact.kind, fact.bearer, said.words, rng)
            return [_pair(tell(told, seed), text, said.label), _pair(tell(told.changed(value), seed), text, turned)]
    return _same_source(rng)


def _same_source(rng: Random) -> list[Pair]:
    """One source, a true and a false claim about the same fact."""
    told = scene(rng)
    fact = told.fact
    evidence = tell(told, rng.getrandbits(32))
    found: dict[Label, Pair] = {}
    for _ in range(24):
        said = say(fact.kind, fact.value, rng)
        found.setdefault(said.label, _pair(evidence, claim_text(fact.kind, fact.bearer, said.words, rng), said.label))
        if len(found) == 2:
            break
    return list(found.values())


def _neutral(rng: Random) -> list[Pair]:
    """A claim that its source leaves open, beside one that it decides."""
    told = scene(rng)
    fact = told.fact
    evidence = tell(told, rng.getrandbits(32))
    said = say(fact.kind, fact.value, rng)
    decided = _pair(evidence, claim_text(fact.kind, fact.bearer, said.words, rng), said.label)
    style = rng.random()
    if style < 0.4:
        present = {f.kind.label for f in told.facts if f.bearer == fact.bearer}
        kind = rng.choice([kind for kind in told.topic.kinds if kind.label not in present])
        open_claim = claim_text(kind, fact.bearer, say(kind, draw(kind, rng), rng).words, rng)
    elif style < 0.75:
        names = {f.bearer for f in told.facts}
        name = next(n for n in iter(lambda: bearer(told.topic, rng), None) if n not in names)
        open_claim = claim_text(fact.kind, name, said.words, rng)
    elif style < 0.88 and said.label is Label.SUPPORTS:
        text = claim_text(fact.kind, fact.bearer, said.words, rng).rstrip(".")
        open_claim = f"{text} {rng.choice(_NEUTRAL_TAILS)}."
    else:
        kind = rng.choice(told.topic.kinds)
        open_claim = claim_text(
            kind, f"{rng.choice(STEMS)} {rng.choice(ENDINGS)}", say(kind, draw(kind, rng), rng).words, rng
        )
    return [decided, _pair(evidence, open_claim, Label.NEUTRAL)]


def _change(rng: Random) -> list[Pair]:
    """A value that changed: what was, what is, which way it went, and by how much."""
    told = scene(rng, sorts=AMOUNTS)
    fact = told.fact
    old, new = fact.value, other(fact.kind, fact.value, rng)
    kind, name = fact.kind, fact.bearer
    up = new.amount > old.amount
    what = kind.label.lower()
    year = rng.randint(2005, 2026)
    a, b = write_amount(kind, old.amount, rng), write_amount(kind, new.amount, rng)
    verb = rng.choice(("rose", "went up", "increased") if up else ("fell", "dropped", "decreased"))
    evidence = rng.choice((
        f"The {what} of {name} {verb} from {a} to {b} in {year}.",
        f"In {year}, the {what} of {name} {verb} to {b}, from {a} before.",
        f"{name[0].upper()}{name[1:]}: {what} {b} (previously {a}).",
        f"Until {year} the {what} of {name} was {a}. It is now {b}.",
        f"Changed: the {what} of {name} is {b} instead of {a}.",
    ))  # fmt: skip
    again_old, again_new = write_amount(kind, old.amount, rng), write_amount(kind, new.amount, rng)
    gap = round(abs(new.amount - old.amount), 2)
    away = write_amount(kind, gap, rng) if kind.sort != "percent" else f"{gap:g} percentage points"
    wrong_gap = write_amount(kind, round(gap * rng.choice((0.5, 1.5, 2, 3)), 2), rng)
    rise, fall = rng.choice(_WAYS)
    true, false = (rise, fall) if up else (fall, rise)
    offers = [
        (f"The {what} of {name} is {again_new}.", f"The {what} of {name} is {again_old}."),
        (claim_text(kind, name, again_new, rng), claim_text(kind, name, again_old, rng)),
        (f"The {what} of {name} {true}.", f"The {what} of {name} {false}."),
        (f"The {what} of {name} used to be {again_old}.", f"The {what} of {name} used to be {again_new}."),
        (f"The {what} of {name} {'grew' if up else 'shrank'} by {away}.",
         f"The {what} of {name} {'grew' if up else 'shrank'} by {wrong_gap}."),
    ]  # fmt: skip
    right, wrong = rng.choice(offers)
    group = [_pair(evidence, right, Label.SUPPORTS), _pair(evidence, wrong, Label.REFUTES)]
    if rng.random() < 0.3:
        third = write(kind, other(kind, new, rng), rng)
        group.append(_pair(evidence, f"The {what} of {name} will be {third} next year.", Label.NEUTRAL))
    return group


def _parts(rng: Random) -> list[Pair]:
    """Amounts of parts, and claims about a part, the whole, or a part that is not there."""
    told = scene(rng, sorts=frozenset(("count", "money")))
    kind, name = told.fact.kind, told.fact.bearer
    first, second, third = rng.sample(PLACES, 3)
    a, b = draw(kind, rng).amount, draw(kind, rng).amount
    if a == b:
        b += 1
    total = round(a + b, 2)
    what = kind.label.lower()

    def show(amount: float) -> str:
        return write_amount(kind, amount, rng)

    evidence = rng.choice((
        f"The {what} of {name} came to {show(a)} in {first} and {show(b)} in {second}.",
        f"{what.capitalize()} of {name} by site: {first} {show(a)}; {second} {show(b)}.",
        f"In {first}, {name} counted {show(a)}; in {second} it was {show(b)}.",
    ))  # fmt: skip
    wrong = round(total * rng.choice((0.8, 0.9, 1.1, 1.25)))
    high, low = (first, second) if a > b else (second, first)
    more, less = ("more", "less") if b > a else ("less", "more")
    together, both = f"Together, {first} and {second} come to", f"The total for both sites of {name} is"
    here = f"The {what} of {name} in {first} is"
    offers = [
        (f"{together} {show(total)}.", f"{together} {show(wrong)}."),
        (f"{both} {show(total)}.", f"{both} {show(wrong)}."),
        (f"{here} {show(a)}.", f"{here} {show(b)}."),
        (f"The figure for {high} is the higher one.", f"The figure for {low} is the higher one."),
        (f"{second} has {more} than {first}.", f"{second} has {less} than {first}."),
    ]
    right, false = rng.choice(offers)
    group = [_pair(evidence, right, Label.SUPPORTS), _pair(evidence, false, Label.REFUTES)]
    if rng.random() < 0.4:
        group.append(_pair(evidence, f"The {what} of {name} in {third} is {show(a)}.", Label.NEUTRAL))
    return group


def _compare(rng: Random) -> list[Pair]:
    """Two bearers of the same attribute, compared or mixed up."""
    told = scene(rng, sorts=AMOUNTS, table=True)
    fact = told.fact
    rivals = [f for f in told.facts if f.kind is fact.kind and f.bearer != fact.bearer]
    if not rivals:
        return _same_source(rng)
    rival = rng.choice(rivals)
    evidence = tell(told, rng.getrandbits(32))
    what = fact.kind.label.lower()
    higher = fact.value.amount > rival.value.amount
    if rng.random() < 0.5:
        right = claim_text(fact.kind, fact.bearer, write(fact.kind, fact.value, rng), rng)
        wrong = claim_text(fact.kind, fact.bearer, write(fact.kind, rival.value, rng), rng)
    else:
        more, less = rng.choice((("higher", "lower"), ("greater", "smaller"), ("larger", "smaller")))
        pattern = f"The {what} of {fact.bearer} is {{}} than that of {rival.bearer}."
        right, wrong = (pattern.format(more if higher else less), pattern.format(less if higher else more))
    return [_pair(evidence, right, Label.SUPPORTS), _pair(evidence, wrong, Label.REFUTES)]


def _compound(rng: Random) -> list[Pair]:
    """A claim of two parts, supported only if both are."""
    told = scene(rng)
    fact = told.fact
    mates = [f for f in told.facts if f.bearer == fact.bearer and f.kind is not fact.kind]
    if not mates:
        return _same_source(rng)
    mate = rng.choice(mates)
    evidence = tell(told, rng.getrandbits(32))
    first, second = say(fact.kind, fact.value, rng), say(mate.kind, mate.value, rng)
    if first.label is Label.REFUTES and second.label is Label.REFUTES:
        first = replace(first, words=write(fact.kind, fact.value, rng), label=Label.SUPPORTS)
    label = Label.SUPPORTS if first.label is second.label else Label.REFUTES
    one = claim_text(fact.kind, fact.bearer, first.words, rng).rstrip(".")
    two = claim_text(mate.kind, told.topic.noun, second.words, rng).rstrip(".")
    if two.split()[0] in _LOWERED:
        two = two[0].lower() + two[1:]
    return [_pair(evidence, f"{one}{rng.choice((' and ', ', and ', ', while '))}{two}.", label)]


def _unsure(rng: Random) -> list[Pair]:
    """A source that proposes, asks or supposes decides nothing."""
    told = scene(rng)
    fact = told.fact
    inner = sentence(fact, rng)
    if inner.split()[0] in _LOWERED:
        inner = inner[0].lower() + inner[1:]
    text = claim_text(fact.kind, fact.bearer, write(fact.kind, fact.value, rng), rng)
    plain = tell(replace(told, facts=(fact,), target=0), rng.getrandbits(32))
    return [_pair(rng.choice(_UNSURE).format(s=inner), text, Label.NEUTRAL), _pair(plain, text, Label.SUPPORTS)]


def _bounded(rng: Random) -> list[Pair]:
    """A source that itself gives a bound: it decides weaker claims, and leaves open the stronger ones."""
    told = scene(rng, sorts=AMOUNTS)
    kind, name, amount = told.fact.kind, told.fact.bearer, told.fact.value.amount
    upward = rng.random() < 0.5
    up, down = ("more than", "over"), ("less than", "under")
    words, other_words = ((*up, "at least"), down) if upward else ((*down, "at most"), up)
    evidence = rng.choice(kind.evidence).format(e=name, v=f"{rng.choice(words)} {write_amount(kind, amount, rng)}")
    evidence = f"{evidence[0].upper()}{evidence[1:]}."
    weaker, stronger = amount * (0.8 if upward else 1.25), amount * (1.3 if upward else 0.75)
    if kind.sort in ("count", "duration"):
        weaker, stronger = max(1.0, float(round(weaker))), max(1.0, float(round(stronger)))
    weaker, stronger = round(weaker, 1), round(stronger, 1)
    if amount in (weaker, stronger):
        return _same_source(rng)
    word = rng.choice(up if upward else down)

    def claim(shown: str) -> str:
        return claim_text(kind, name, shown, rng)

    group = [
        _pair(evidence, claim(f"{word} {write_amount(kind, weaker, rng)}"), Label.SUPPORTS),
        _pair(evidence, claim(f"{rng.choice(other_words)} {write_amount(kind, weaker, rng)}"), Label.REFUTES),
    ]
    if rng.random() < 0.6:
        lead = f"{word} " if rng.random() < 0.5 else ""
        group.append(_pair(evidence, claim(f"{lead}{write_amount(kind, stronger, rng)}"), Label.NEUTRAL))
    return group


def _negated(rng: Random) -> list[Pair]:
    """Denials: what excludes the value is supported, a denial of the value refuted."""
    told = scene(rng, sorts=frozenset(("choice", "person", "place", "count", "money")))
    fact = told.fact
    evidence = tell(told, rng.getrandbits(32))
    forms = [form for form in fact.kind.claims if " is {v}" in form or " has {v}" in form or form.startswith("The CEO")]
    if not forms or (fact.kind.sort == "choice" and " not " in " ".join(fact.kind.options)):
        return _same_source(rng)
    form = rng.choice(forms)
    denied = form.replace(" is {v}", " is not {v}").replace(" has {v}", " does not have {v}")
    false = write(fact.kind, other(fact.kind, fact.value, rng), rng)
    true = write(fact.kind, fact.value, rng)
    group = []
    for words, label in ((true, Label.REFUTES), (false, Label.SUPPORTS)):
        text = denied.format(e=fact.bearer, v=words)
        group.append(_pair(evidence, f"{text[0].upper()}{text[1:]}.", label))
    return group
