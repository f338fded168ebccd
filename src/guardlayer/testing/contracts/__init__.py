"""Contract suites: what any implementation of a Protocol must do, as tests to subclass.

    class TestMyVerifier(VerifierContract):
        def make(self):
            return MyVerifier()

``make`` returns a fresh part; each suite names the further hooks it has. A truth that a hook is needed for is skipped,
with its reason, where the hook is not given. The suites need neither pytest nor any fixture.
"""

from guardlayer.testing.contracts.authority import AuthorityContract
from guardlayer.testing.contracts.classifier import ClassifierContract
from guardlayer.testing.contracts.knowledge import KnowledgeContract
from guardlayer.testing.contracts.log import ProvenanceLogContract
from guardlayer.testing.contracts.policy import PolicyContract
from guardlayer.testing.contracts.splitter import SplitterContract
from guardlayer.testing.contracts.verifier import VerifierContract

__all__ = [
    "AuthorityContract",
    "ClassifierContract",
    "KnowledgeContract",
    "PolicyContract",
    "ProvenanceLogContract",
    "SplitterContract",
    "VerifierContract",
]
