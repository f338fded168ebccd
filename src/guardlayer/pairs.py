"""One claim against given evidence: no guard, no splitting, no policy, no log.

>>> from guardlayer import verify
>>> verify("The fee is 3 %.", ["The fee is 3 %."]).label.value
'supported'
"""

from __future__ import annotations

from collections.abc import Iterable

from guardlayer import drafting
from guardlayer.errors import InputError
from guardlayer.evidence import coerce
from guardlayer.temporal import When, utc_now
from guardlayer.types import Claim, Verdict
from guardlayer.verifiers import BUILT_IN, Cascade


def verify(claim: str, evidence: Iterable[object], *, at: When | None = None) -> Verdict:
    """Verify one claim against given evidence: no splitting, no policy, no log.

    Args:
        claim: A self-contained statement.
        evidence: Strings, ``Evidence``, LangChain documents, LlamaIndex nodes.
        at: The instant the claim is made for; ``None`` is now.

    Returns:
        The verdict, with its label, score and reason.

    Raises:
        InputError: A piece of evidence is of no kind we know.
    """
    if not isinstance(claim, str):
        raise InputError(f"claim is {type(claim).__name__}, not str")
    when = utc_now() if at is None else drafting.moment(at)
    cascade = Cascade([part() for part in BUILT_IN.values()])
    return cascade(Claim(claim, 0, len(claim)), coerce(evidence), when)
