"""The knowledge layer on a real PostgreSQL server."""

from __future__ import annotations

import pytest

from guardlayer.knowledge import Knowledge
from guardlayer.testing.contracts import KnowledgeContract


class TestPostgresKnowledge(KnowledgeContract):
    """What every knowledge layer must do, on a server."""

    @pytest.fixture(autouse=True)
    def _server(self, postgres_layer):
        self.layer, self.opened = postgres_layer, []
        yield
        for kb in self.opened:
            kb.close()

    def make(self, clock):
        self.layer.empty()
        self.opened.append(Knowledge.open(self.layer.url, clock=clock))
        return self.opened[-1]
