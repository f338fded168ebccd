"""What every classifier must do."""

from __future__ import annotations

from dataclasses import replace

from guardlayer.protocols import Classifier
from guardlayer.testing.builders import claim, draft
from guardlayer.testing.contracts.shared import ODD_TEXTS, TEXTS, show, together
from guardlayer.types import Claim, Draft, Form, Kind, Turn


class ClassifierContract:
    """What every :class:`~guardlayer.protocols.Classifier` must do.

    Attributes:
        texts: Claims it is tried on.
    """

    texts: tuple[str, ...] = (
        "The list price of Acme is $49.",
        "Thanks for asking!",
        "I think it is lovely.",
        "You may export this report.",
        "Your order has shipped.",
        "Could you tell me more?",
        *TEXTS,
    )

    def make(self) -> Classifier:
        """Return the classifier to test."""
        raise NotImplementedError("override make() to return the classifier to test")

    def test_same_claims_in_the_same_order(self) -> None:
        """It says what each claim is, and changes nothing else: not the number, not the order, not the words."""
        claims, whole = self._case()
        found = self.make()(claims, whole)
        assert len(found) == len(claims), f"{len(claims)} claims went in, {len(found)} came out"
        for before, after in zip(claims, found, strict=True):
            same = replace(after, kind=before.kind, kind_score=before.kind_score)
            assert same == before, f"{show(before.text)} came back changed: {after}"

    def test_every_claim_has_a_kind_and_a_score(self) -> None:
        """Afterwards every claim has a kind, and a score above 0 and up to 1; 0 would mean unclassified."""
        claims, whole = self._case()
        for found in self.make()(claims, whole):
            assert found.kind in tuple(Kind), f"{show(found.text)}: {found.kind!r} is no kind"
            assert isinstance(found.kind, Kind), f"{show(found.text)}: {found.kind!r} is not a Kind"
            assert 0 < found.kind_score <= 1, f"{show(found.text)}: kind_score {found.kind_score}"

    def test_no_claims_is_no_error(self) -> None:
        """A draft without claims has none afterwards."""
        assert list(self.make()((), draft(""))) == [], "claims appeared where there were none"

    def test_facts_stay_facts(self) -> None:
        """A plain statement about the world is a fact: what is taken for behavior is never checked."""
        plain = "Paris is the capital of France."
        (found,) = self.make()((claim(plain, kind_score=0.0),), draft(plain))
        assert found.kind is Kind.FACT, f"{plain!r} was taken for {found.kind}"

    def test_same_claims_same_kinds(self) -> None:
        """One draft gives one answer, whoever else is asking at the time."""
        classifier = self.make()
        claims, whole = self._case()
        alone = list(classifier(claims, whole))
        for found in together(lambda _: list(classifier(claims, whole))):
            assert found == alone, "a kind depends on what else the classifier is doing"

    def _case(self) -> tuple[tuple[Claim, ...], Draft]:
        texts = [*self.texts, *(odd for odd in ODD_TEXTS if odd.strip())]
        claims = []
        start = 0
        for number, text in enumerate(texts):
            form = tuple(Form)[number % len(Form)] if number >= len(self.texts) else Form.SENTENCE
            claims.append(claim(text, start=start, kind_score=0.0, form=form))
            start += len(text) + 1
        turns = (Turn("user", "Hello"), Turn("assistant", "Hi, how can I help?"))
        return tuple(claims), draft("\n".join(texts), question="What does it cost?", turns=turns)
