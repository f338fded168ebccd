"""Entity tables that name the same things twice: Splink says which are probably one, and whoever asked decides.

Splink (https://moj-analytical-services.github.io/splink/) links records without labels, by how often their columns
agree among matches and among others (Fellegi and Sunter, 1969). It is asked offline, and merges nothing by itself.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from guardlayer.errors import ConfigError, InputError, KnowledgeError
from guardlayer.knowledge.resolve import resolve
from guardlayer.text import fold, key

if TYPE_CHECKING:
    from guardlayer.knowledge.entities.naming import Naming

MAX_SAMPLED = 1_000_000
"""Pairs that are drawn to see how often columns agree by chance."""
_SEED = 7


@dataclass(frozen=True, slots=True)
class MergeProposal:
    """Two entities that are probably one.

    Attributes:
        into: Preferred name of the one that was declared first.
        other: Preferred name of the other one.
        probability: 0 to 1, by Splink's model.
    """

    into: str
    other: str
    probability: float


def propose(
    kb: Naming,
    attributes: Iterable[str],
    *,
    threshold: float = 0.95,
    type: str | None = None,  # noqa: A002 - as in entity()
) -> tuple[MergeProposal, ...]:
    """Return pairs of entities that are probably one, the surest first; merge them with ``kb.merge``.

    Args:
        kb: The knowledge base.
        attributes: Attributes whose current values tell entities apart, such as ``registration number`` or ``city``.
        threshold: Least probability, 0 to 1.
        type: Only entities of this type.

    Raises:
        ConfigError: Splink is not installed.
        InputError: No attribute is given, or the threshold is none.
        KnowledgeError: There is too little to learn from.
    """
    columns = [name for name in dict.fromkeys(attributes) if name.strip()]
    if not columns:
        raise InputError("give attributes whose values tell entities apart; names alone are not enough to merge by")
    if not 0 <= threshold <= 1:
        raise InputError(f"threshold {threshold} is no probability; write 0 to 1")
    try:
        arrow, splink = import_module("pyarrow"), import_module("splink")
        compare = import_module("splink.comparison_library")
        duck = import_module("splink.internals.duckdb.database_api")
    except ImportError as error:
        raise ConfigError("proposing merges needs Splink 5: pip install 'splink>=5,<6'") from error
    rows = _rows(kb, columns, type)
    if len(rows) < _LEAST:
        raise KnowledgeError(f"{len(rows)} entities are too few to learn from; {_LEAST} are needed, or merge by hand")
    fields = [f"value_{number}" for number in range(len(columns))]
    rules = [*fields, "substr(name, 1, 4)"]
    surest = max(fields, key=lambda field: len({row[field] for row in rows}))
    settings = splink.SettingsCreator(
        link_type="dedupe_only",
        probability_two_random_records_match=_chance(rows, surest),
        comparisons=[compare.JaroWinklerAtThresholds("name", [0.95, 0.88]), *(compare.ExactMatch(f) for f in fields)],
        blocking_rules_to_generate_predictions=[splink.block_on(rule) for rule in rules],
    )
    try:
        api = duck.DuckDBAPI()
        linker = splink.Linker(api.register(arrow.Table.from_pylist(rows)), settings, log_level=logging.ERROR)
        linker.training.estimate_u_using_random_sampling(max_pairs=MAX_SAMPLED, seed=_SEED)
        for rule in rules:
            linker.training.estimate_parameters_using_expectation_maximisation(splink.block_on(rule))
        found: Sequence[dict[str, Any]] = linker.inference.predict(
            threshold_match_probability=threshold
        ).as_record_list()
    except Exception as error:
        raise KnowledgeError(f"Splink could not learn from these entities: {_told(error)}") from error
    names = {row["unique_id"]: row["shown"] for row in rows}
    sorts = {row["unique_id"]: row["type"] for row in rows}
    proposals = []
    for pair in found:
        first, second = sorted((int(pair["unique_id_l"]), int(pair["unique_id_r"])))
        if sorts[first] and sorts[second] and sorts[first] != sorts[second]:
            continue  # things of different types are not merged
        proposals.append(MergeProposal(names[first], names[second], float(pair["match_probability"])))
    return tuple(sorted(proposals, key=lambda one: (-one.probability, one.into, one.other)))


_LEAST = 20


def _chance(rows: Sequence[dict[str, Any]], field: str) -> float:
    """Return how probable it is that two entities drawn at random are one, by how many agree on what tells most."""
    counts = Counter(row[field] for row in rows if row[field] is not None)
    agreeing = sum(count * (count - 1) // 2 for count in counts.values())
    return min(0.5, max(agreeing, 1) / (len(rows) * (len(rows) - 1) / 2))


def _told(error: BaseException) -> str:
    """Return what an error is and says, on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _rows(kb: Naming, columns: Sequence[str], sort: str | None) -> list[dict[str, Any]]:
    now = kb.store.now()
    register = kb.keyed.reader.register
    kb.keyed.reader.refresh()
    wanted = {key(name): number for number, name in enumerate(columns)}
    rows = []
    for number, name, kind in kb.store.read("SELECT id, name, type FROM entity ORDER BY id"):
        if register.canonical(number) != number or (sort is not None and key(kind or "") != key(sort)):
            continue
        row: dict[str, Any] = {"unique_id": number, "name": key(name), "shown": name, "type": key(kind or "")}
        row |= {f"value_{place}": None for place in wanted.values()}
        for view in kb.keyed.reader.keys(number).keys:
            place = wanted.get(key(view.versions[0].attribute))
            current = resolve(view.versions, now).current
            if place is not None and current and not view.versions[0].qualifiers:
                row[f"value_{place}"] = fold(current[0].value)
        rows.append(row)
    return rows
