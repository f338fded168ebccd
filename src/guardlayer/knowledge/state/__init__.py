"""Live state: named, parameterised, read-only queries on the databases where records live."""

from guardlayer.knowledge.state.answering import StateQueries
from guardlayer.knowledge.state.definitions import Definitions, QueryDefinition
from guardlayer.knowledge.state.running import Outcome, Runner, StateRun
from guardlayer.knowledge.state.runs import RecordedRun, StateRuns

__all__ = [
    "Definitions",
    "Outcome",
    "QueryDefinition",
    "RecordedRun",
    "Runner",
    "StateQueries",
    "StateRun",
    "StateRuns",
]
