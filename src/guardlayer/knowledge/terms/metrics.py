"""Metrics of other tools as terms: MetricFlow (dbt), Cube and OSI files, each metric with a SELECT where it is simple.

What a file's format can say beyond one table (joins, cumulative and conversion metrics, templates) is not compiled
here: such a metric keeps its words, and its definition says that its figure is computed elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from guardlayer.errors import InputError, LimitError

MAX_BYTES = 8 << 20
"""Largest file."""
_SPAN = "{time} >= :period_start AND {time} < :period_end"
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z")
_AGGREGATES = {
    "sum": "SUM({0})", "count": "COUNT({0})", "count_distinct": "COUNT(DISTINCT {0})",
    "countdistinct": "COUNT(DISTINCT {0})", "average": "AVG({0})", "avg": "AVG({0})", "min": "MIN({0})",
    "max": "MAX({0})", "sum_boolean": "SUM(CASE WHEN {0} THEN 1 ELSE 0 END)",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as a file defines it.

    Attributes:
        name: Its label, else its name with blanks.
        definition: What it means, in words; the file's own, or how it is computed.
        sql: A SELECT whose column ``value`` is its figure; ``None`` where it is not simple.
        aliases: Its other names.
    """

    name: str
    definition: str
    sql: str | None
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Measure:
    """An aggregate over one table."""

    aggregate: str
    table: str
    time: str | None
    filters: tuple[str, ...] = ()

    def select(self, filters: tuple[str, ...] = ()) -> str:
        where = [f"({one})" for one in (*self.filters, *filters)]
        if self.time is not None:
            where.append(_SPAN.format(time=self.time))
        # Whoever writes the file writes the expression; it is checked to be one SELECT, and runs read-only.
        select = f"SELECT {self.aggregate} AS value FROM {self.table}"  # noqa: S608 - see above
        return f"{select} WHERE {' AND '.join(where)}" if where else select


def read_metrics(path: Path, form: str | None = None) -> tuple[Metric, ...]:
    """Read the metrics of a file.

    Args:
        path: A YAML file.
        form: ``metricflow``, ``cube`` or ``osi``; ``None`` is what it looks like.

    Raises:
        InputError: It cannot be read, or holds no metrics of that form.
        LimitError: It is larger than :data:`MAX_BYTES`.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise LimitError(f"has more than {MAX_BYTES:,} bytes; split the file", path=str(path))
        held = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", path=str(path)) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError(
            f"is not YAML: {getattr(error, 'problem', error)}", path=str(path), line=mark.line + 1 if mark else None
        ) from None
    except RecursionError:
        raise InputError("is nested too deeply", path=str(path)) from None
    if not isinstance(held, dict):
        raise InputError(
            "holds no mapping; a metrics file has metrics:, cubes: or semantic_model: at its top", path=str(path)
        )
    if form is None:
        form = next((name for name, (at_top, _) in _FORMS.items() if at_top in held), None)
    if form not in _FORMS:
        known = ", ".join(_FORMS)
        raise InputError(f"{form or 'its form'} is not one of {known}; name it with format=", path=str(path))
    try:
        found = tuple(_FORMS[form][1](held))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"is no {form} file as we know it ({type(error).__name__}: {error})", path=str(path)) from None
    if not found:
        raise InputError(f"holds no metrics of {form}", path=str(path))
    return found


# MetricFlow ------------------------------------------------------------------------------------------------------

_REF = re.compile(r"\{?\{?\s*ref\(\s*(?:'[^']*'\s*,\s*)?['\"]([\w.]+)['\"]\s*\)\s*\}?\}?")
_FIELD = re.compile(
    r"\{\{\s*(?:Dimension|TimeDimension|Entity)\(\s*['\"](?:\w+__)*(\w+)['\"][^)]*\)(?:\.\w+\([^)]*\))?\s*\}\}"
)


def _metricflow(held: Mapping[str, Any]) -> Iterator[Metric]:
    measures: dict[str, _Measure] = {}
    fields: dict[str, str] = {}
    for model in held.get("semantic_models") or ():
        table = _REF.sub(r"\1", str(model.get("model") or model["name"])).strip()
        times: dict[str, str] = {}
        for dimension in model.get("dimensions") or ():
            expression = str(dimension.get("expr") or dimension["name"])
            fields[str(dimension["name"])] = expression
            if dimension.get("type") == "time":
                times[str(dimension["name"])] = expression
        usual = (model.get("defaults") or {}).get("agg_time_dimension")
        for measure in model.get("measures") or ():
            time = measure.get("agg_time_dimension") or usual
            aggregate = _AGGREGATES.get(str(measure.get("agg", "")).lower())
            if aggregate is not None and _IDENTIFIER.match(table):
                expression = str(measure.get("expr") or measure["name"])
                measures[str(measure["name"])] = _Measure(aggregate.format(expression), table, times.get(str(time)))
    given = {str(metric["name"]): metric for metric in held.get("metrics") or ()}
    for name, metric in given.items():
        sql = _flow_sql(metric, given, measures, fields)
        yield _metric(metric, name, sql, _flow_words(metric))


def _flow_sql(
    metric: Mapping[str, Any], given: Mapping[str, Mapping[str, Any]], measures: Mapping[str, _Measure],
    fields: Mapping[str, str], depth: int = 0,
) -> str | None:  # fmt: skip
    parameters = metric.get("type_params") or {}
    filters = _flow_filters(metric.get("filter"), fields)
    if filters is None or depth > _DEEPEST:
        return None
    if metric.get("type") == "simple":
        measure = parameters.get("measure")
        own: tuple[str, ...] | None = ()
        if isinstance(measure, Mapping):
            own, measure = _flow_filters(measure.get("filter"), fields), measure.get("name")
        base = measures.get(str(measure))
        return None if base is None or own is None else base.select((*filters, *own))
    if filters:
        return None
    if metric.get("type") == "ratio":
        parts = [parameters.get("numerator"), parameters.get("denominator")]
        sides = [_flow_input(part, given, measures, fields, depth) for part in parts]
        return None if None in sides else f"SELECT 1.0 * ({sides[0]}) / NULLIF(({sides[1]}), 0) AS value"
    if metric.get("type") == "derived":
        expression = str(parameters.get("expr") or "")
        for part in parameters.get("metrics") or ():
            called = str(part.get("alias") or part["name"]) if isinstance(part, Mapping) else str(part)
            side = _flow_input(part, given, measures, fields, depth)
            if side is None or (
                isinstance(part, Mapping) and (part.get("offset_window") or part.get("offset_to_grain"))
            ):
                return None
            expression = re.sub(rf"\b{re.escape(called)}\b", f"({side})".replace("\\", "\\\\"), expression)
        return f"SELECT {expression} AS value" if expression else None
    return None


_DEEPEST = 8
"""Metrics of metrics of metrics: deeper than anybody means."""


def _flow_input(
    part: Any, given: Mapping[str, Mapping[str, Any]], measures: Mapping[str, _Measure], fields: Mapping[str, str],
    depth: int,
) -> str | None:  # fmt: skip
    name = part.get("name") if isinstance(part, Mapping) else part
    metric = given.get(str(name))
    if metric is None:
        return None
    if isinstance(part, Mapping) and part.get("filter"):
        if metric.get("type") != "simple":
            return None
        metric = {**metric, "filter": [part["filter"], *([metric["filter"]] if metric.get("filter") else [])]}
    return _flow_sql(metric, given, measures, fields, depth + 1)


def _flow_filters(filters: Any, fields: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return filters as SQL; ``None`` where one cannot be read."""
    if not filters:
        return ()
    read = []
    for one in filters if isinstance(filters, list) else [filters]:
        text = _FIELD.sub(lambda match: fields.get(match[1], match[1]), str(one))
        if "{{" in text or "{%" in text:
            return None
        read.append(" ".join(text.split()))
    return tuple(read)


def _flow_words(metric: Mapping[str, Any]) -> str:
    parameters = metric.get("type_params") or {}
    return (
        f"{metric.get('type', 'metric')} metric of {', '.join(f'{name} {value}' for name, value in parameters.items())}"
    )


# Cube ------------------------------------------------------------------------------------------------------------


def _cube(held: Mapping[str, Any]) -> Iterator[Metric]:
    for cube in held.get("cubes") or ():
        table = cube.get("sql_table")
        source = (
            str(table) if table else f"({cube['sql'].strip().rstrip(';')}) AS {cube['name']}" if cube.get("sql") else ""
        )
        times = [d for d in cube.get("dimensions") or () if d.get("type") == "time"]
        time = _cube_sql(times[0].get("sql") or times[0]["name"]) if len(times) == 1 else None
        for measure in cube.get("measures") or ():
            name = str(measure["name"])
            filters = tuple(_cube_sql(one["sql"]) for one in measure.get("filters") or ())
            column = _cube_sql(measure.get("sql") or "*")
            aggregate = _AGGREGATES.get(str(measure.get("type", "")).replace("_approx", ""))
            sql = None
            if measure.get("type") == "number" and measure.get("sql") and "{" not in column:
                aggregate = "{0}"
            readable = aggregate is not None and source and "{" not in f"{column}{''.join(filters)}{time or ''}{source}"
            if readable and aggregate is not None and (column != "*" or measure.get("type") == "count"):
                sql = _Measure(aggregate.format(column), source, time, filters).select()
            words = f"{measure.get('type', 'measure')} of {measure.get('sql', 'rows')} in {cube['name']}"
            yield _metric(
                measure, name, sql, words, also=(f"{cube['name']} {name}".replace("_", " "),) if name == "count" else ()
            )


def _cube_sql(text: object) -> str:
    """Undo references of a cube to itself: ``{CUBE}.amount``, ``{CUBE.amount}``, ``${CUBE}.amount``."""
    plain = re.sub(r"\$?\{CUBE\}\.", "", str(text))
    return re.sub(r"\$?\{(?:CUBE\.)?([A-Za-z_]\w*)\}", r"\1", plain).strip()


# OSI -------------------------------------------------------------------------------------------------------------


def _osi(held: Mapping[str, Any]) -> Iterator[Metric]:
    models = held["semantic_model"]
    for model in models if isinstance(models, list) else [models]:
        datasets = {str(d["name"]): d for d in model.get("datasets") or ()}
        for metric in model.get("metrics") or ():
            expression = _osi_expression(metric.get("expression"))
            hints = metric.get("ai_context")
            also = tuple(map(str, hints.get("synonyms") or ())) if isinstance(hints, Mapping) else ()
            yield _metric(
                metric, str(metric["name"]), _osi_sql(expression, datasets), f"computed as {expression}", also=also
            )


def _osi_expression(expression: Any) -> str | None:
    """Return the standard SQL of an expression, which may be a text, a list of dialects, or a mapping that has one."""
    if isinstance(expression, str):
        return expression
    dialects = expression.get("dialects") if isinstance(expression, Mapping) else expression
    for one in dialects or ():
        if str(one.get("dialect", "ANSI_SQL")).upper() == "ANSI_SQL":
            return str(one["expression"])
    return None


def _osi_sql(expression: str | None, datasets: Mapping[str, Mapping[str, Any]]) -> str | None:
    if expression is None:
        return None
    used = [name for name in datasets if re.search(rf"\b{re.escape(name)}\.\w", expression)]
    if not used and len(datasets) == 1:
        used = list(datasets)
    if len(used) != 1:
        return None  # more than one table: how they are joined is for a query engine to say
    dataset = datasets[used[0]]
    source = str(dataset.get("source") or "")
    if not _IDENTIFIER.match(source):
        return None
    times = [f for f in dataset.get("fields") or () if (f.get("dimension") or {}).get("is_time")]
    time = _osi_expression(times[0].get("expression")) if len(times) == 1 else None
    if time is not None and _IDENTIFIER.match(time) and "." not in time:
        time = f"{used[0]}.{time}"
    return _Measure(expression, f"{source} AS {used[0]}", time).select()


def _metric(held: Mapping[str, Any], name: str, sql: str | None, words: str, also: tuple[str, ...] = ()) -> Metric:
    spoken = name.replace("_", " ").strip()
    label = str(held.get("label") or held.get("title") or spoken).strip()
    definition = " ".join(str(held.get("description") or words).split())
    if sql is None:
        definition += " (its figure is computed elsewhere)"
    return Metric(label, definition, sql, tuple(dict.fromkeys(one for one in (spoken, *also) if one and one != label)))


_FORMS: dict[str, tuple[str, Callable[[Mapping[str, Any]], Iterator[Metric]]]] = {
    "osi": ("semantic_model", _osi),
    "cube": ("cubes", _cube),
    "metricflow": ("metrics", _metricflow),
}
