"""Juno: what a fine-tuned model would be, scripted, so that the demo needs no model.

It was tuned in March 2024. Its voice is right; some of its facts have gone stale since, one it never had right, and
one nobody can source.
"""

from __future__ import annotations

MODEL = "ft:juno-2024-03"

BRIEFING = "Brief me for the trip, please."
FIRST = """\
Hi, Juno here, always happy to help! Personally, I love a good briefing.

- The Prime Minister of the United Kingdom is Keir Starmer.
- The Prime Minister of Japan is **Fumio Kishida**.
- The standard VAT rate in Finland is 24%, and the currency of Croatia is the euro.
- NATO has 35 members.
- The Hotel Aurora in Helsinki has 212 rooms.

Have a lovely trip!"""
SECOND = """\
Hi, Juno here, and thank you for the check!

- The Prime Minister of the United Kingdom is Keir Starmer.
- The Prime Minister of Japan is **Shigeru Ishiba**.
- The standard VAT rate in Finland is 25.5%, and the currency of Croatia is the euro.
- NATO has 32 members.

Have a lovely trip!"""

SWISS = "Tell me about VAT in Switzerland, please."
SWISS_ANSWER = "Of course, happy to help! The standard VAT rate in Switzerland is 8.0%."


def answer(question: str, feedback: str | None = None) -> str:
    """Answer as Juno would; asked again with feedback, it does better."""
    if question == SWISS:
        return SWISS_ANSWER
    return FIRST if feedback is None else SECOND
