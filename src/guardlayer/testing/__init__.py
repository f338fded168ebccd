"""For tests of your own: fakes, builders of values, and contract suites.

    from guardlayer.testing import FakeAuthority, FixedClock, MemoryLog, evidence, fact
    from guardlayer.testing.contracts import VerifierContract


    class TestMyVerifier(VerifierContract):
        def make(self):
            return MyVerifier()

The fakes keep no files, open no sockets and read no clock. The contract suites are plain classes of plain asserts:
they run under pytest, and need nothing but Python.
"""

from guardlayer.testing.builders import claim, draft, evidence, fact
from guardlayer.testing.fakes import AsyncFakeAuthority, FakeAuthority, FakeModel, FixedClock, MemoryLog, ModelCall

__all__ = [
    "AsyncFakeAuthority",
    "FakeAuthority",
    "FakeModel",
    "FixedClock",
    "MemoryLog",
    "ModelCall",
    "claim",
    "draft",
    "evidence",
    "fact",
]
