"""Metrics of other tools as terms: MetricFlow, Cube and OSI files."""

from __future__ import annotations

import pytest

from guardlayer import Knowledge
from guardlayer.errors import InputError
from guardlayer.knowledge.terms.metrics import read_metrics

METRICFLOW = """
semantic_models:
  - name: orders
    model: ref('fct_orders')
    defaults: {agg_time_dimension: ordered_at}
    entities: [{name: order, type: primary}]
    dimensions:
      - {name: ordered_at, type: time, expr: created_at, type_params: {time_granularity: day}}
      - {name: status, type: categorical, expr: order_status}
    measures:
      - {name: order_total, agg: sum, expr: amount}
      - {name: orders, agg: count, expr: "1"}
      - {name: median_total, agg: median, expr: amount}
metrics:
  - name: revenue
    label: Net Revenue
    description: Sum of paid orders.
    type: simple
    type_params: {measure: order_total}
    filter: "{{ Dimension('order__status') }} = 'paid'"
  - {name: order_count, type: simple, type_params: {measure: {name: orders}}}
  - {name: average_order, type: ratio, type_params: {numerator: revenue, denominator: order_count}}
  - name: double
    type: derived
    type_params: {expr: "revenue * 2", metrics: [{name: revenue}]}
  - {name: running, type: cumulative, type_params: {measure: order_total, window: 7 days}}
  - {name: middle, type: simple, type_params: {measure: median_total}}
"""

CUBE = """
cubes:
  - name: orders
    sql_table: shop.orders
    dimensions:
      - {name: created_at, sql: "{CUBE}.created_at", type: time}
    measures:
      - {name: count, type: count}
      - name: paid_total
        title: Paid total
        description: What was paid.
        type: sum
        sql: "{CUBE}.amount"
        filters: [{sql: "{CUBE}.status = 'paid'"}]
      - {name: share, type: number, sql: "{paid_total} / {count}"}
      - {name: joined, type: sum, sql: "{customers.size}"}
"""

OSI = """
semantic_model:
  - name: shop
    datasets:
      - name: orders
        source: sales.public.orders
        fields:
          - name: ordered_at
            dimension: {is_time: true}
            expression: {dialects: [{dialect: ANSI_SQL, expression: ordered_at}]}
      - {name: customers, source: sales.public.customers}
    metrics:
      - name: total_revenue
        description: Total revenue from all orders
        expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(orders.amount)}]}
        ai_context: {synonyms: [total sales, revenue]}
      - name: avg_orders
        expression: [{dialect: ANSI_SQL, expression: SUM(orders.amount) / COUNT(DISTINCT customers.id)}]
"""


def sql_of(tmp_path, text, form=None):
    path = tmp_path / "metrics.yml"
    path.write_text(text)
    return {metric.name: metric.sql for metric in read_metrics(path, form)}


def test_metricflow(tmp_path):
    """Simple, ratio and derived metrics become a SELECT over their model; what is more than that keeps its words."""
    found = sql_of(tmp_path, METRICFLOW)
    where = "created_at >= :period_start AND created_at < :period_end"
    revenue = f"SELECT SUM(amount) AS value FROM fct_orders WHERE (order_status = 'paid') AND {where}"
    count = f"SELECT COUNT(1) AS value FROM fct_orders WHERE {where}"
    assert found == {
        "Net Revenue": revenue,
        "order count": count,
        "average order": f"SELECT 1.0 * ({revenue}) / NULLIF(({count}), 0) AS value",
        "double": f"SELECT ({revenue}) * 2 AS value",
        "running": None,
        "middle": None,
    }


def test_cube(tmp_path):
    """Aggregates with their filters over the cube's table; what refers to other measures is computed elsewhere."""
    where = "created_at >= :period_start AND created_at < :period_end"
    found = sql_of(tmp_path, CUBE)
    assert found["count"] == f"SELECT COUNT(*) AS value FROM shop.orders WHERE {where}"
    assert found["Paid total"] == f"SELECT SUM(amount) AS value FROM shop.orders WHERE (status = 'paid') AND {where}"
    assert found["joined"] is None


def test_osi(tmp_path):
    """An expression over one dataset becomes a SELECT; one over two is left to who knows how they are joined."""
    assert sql_of(tmp_path, OSI) == {
        "total revenue": "SELECT SUM(orders.amount) AS value FROM sales.public.orders AS orders "
        "WHERE orders.ordered_at >= :period_start AND orders.ordered_at < :period_end",
        "avg orders": None,
    }


def test_imported_metrics_are_terms(tmp_path):
    """With definition, owner, source and other names; what has no expression says so."""
    pytest.importorskip("sqlglot", reason="needs the extra sql: pip install 'guardlayer-facts[sql]'")
    path = tmp_path / "metrics.yml"
    path.write_text(METRICFLOW)
    with Knowledge.open(":memory:") as kb:
        imported = kb.import_metrics(path, owner="analytics", source="dbt")
        assert len(imported) == 6
        term = kb.term("revenue")
        assert (term.name, term.owner, term.source.id) == ("Net Revenue", "analytics", "dbt")
        assert term.definition == "Sum of paid orders."
        assert "elsewhere" in kb.term("running").definition
        kb.import_metrics(path, owner="analytics", source="dbt")
        assert len(kb.history("Net Revenue", "definition")) == 1, "imported again, nothing is new"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("", None), ("[]", None), ("a: [", None), ("metrics: 3", None), ("cubes: [3]", None), ("x: 1", None),
        ("semantic_model: [{metrics: [{}]}]", None), ("metrics: []", None), ("cubes: []", "lookml"),
        ("metrics: [{name: a, type: simple, type_params: 7}]", None),
    ],
)  # fmt: skip
def test_files_that_are_none_are_refused(tmp_path, text, form):
    """The file is named, and what is wrong with it."""
    with pytest.raises(InputError, match=r"metrics\.yml"):
        sql_of(tmp_path, text, form)


def test_a_metric_of_itself_ends(tmp_path):
    """A derived metric that refers to itself is not followed for ever."""
    text = "metrics: [{name: a, type: derived, type_params: {expr: a + 1, metrics: [{name: a}]}}]"
    assert sql_of(tmp_path, text) == {"a": None}
    with pytest.raises(InputError, match="cannot be read"):
        read_metrics(tmp_path / "none.yml")
