"""What the model is compared with can be computed wherever the package runs."""

from __future__ import annotations

import pytest
from tools.entailment import baselines

from guardlayer.knowledge.dense.encoder import SHIPPED, ShippedEncoder


@pytest.mark.skipif(not ShippedEncoder.available(SHIPPED), reason="the weights are not in this checkout")
def test_the_cosine_of_the_shipped_encoder() -> None:
    """A paraphrase is nearer than another subject, and of a long evidence the best window counts."""
    cosine = baselines.Cosine(baselines.shipped())
    told, filler = "The company closed its office in Lyon.", "Rain fell on the hills all day long. " * 20
    near, far, hidden = cosine.scores(
        [told, "Rain fell on the hills.", filler + told], ["The firm shut down its Lyon branch."] * 3, count=4
    )
    assert near > hidden > far
    assert near > 0.6 > far


def test_word_overlap_and_rules() -> None:
    """The overlap is the share of the claim's words that are told; a number told otherwise takes it all."""
    assert baselines.overlap("The fee is 20 dollars.", "The fee is 20 dollars.") == 1.0
    assert baselines.rules("The fee is 20 dollars.", "The fee is 20 dollars.") == 1.0
    assert baselines.rules("The fee is 20 dollars.", "The fee is 30 dollars.") == 0.0
