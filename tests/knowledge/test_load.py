"""Fact files: every row or none, and a message for each wrong one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardlayer.errors import GuardlayerError, InputError, IntervalError, LimitError, OverlapError
from guardlayer.knowledge import Knowledge
from guardlayer.knowledge import rows as rows_module

ROWS = [
    {"entity": "Acme", "attribute": "ceo", "value": "ann", "source": "register", "valid_from": "2019", "valid_to": "2021-05"},
    {"entity": "Acme", "attribute": "ceo", "value": "bob", "source": "register", "valid_from": "2021-05"},
    {"entity": "Acme", "attribute": "revenue", "value": "4.20", "qualifiers": {"quarter": "Q3"}, "authority": 3},
    {"entity": "Borealis", "aliases": ["Boréalis SA"], "type": "company"},
    {"attribute": "ceo", "synonyms": ["head", "boss"], "cardinality": "one"},
]  # fmt: skip


def as_csv(rows):
    columns = ["entity", "attribute", "value", "source", "valid_from", "valid_to", "qualifiers", "authority",
               "aliases", "type", "synonyms", "cardinality"]  # fmt: skip
    lines = [",".join(columns)]
    for row in rows:
        cells = {**row}
        for name in ("aliases", "synonyms"):
            if name in cells:
                cells[name] = "|".join(cells[name])
        if "qualifiers" in cells:
            cells["qualifiers"] = "|".join(f"{k}={v}" for k, v in cells["qualifiers"].items())
        lines.append(",".join(str(cells.get(column, "")) for column in columns))
    return "\n".join(lines) + "\n"


def as_yaml(rows):
    lines = []
    for row in rows:
        lines.extend(
            f"{'-' if not n else ' '} {name}: {json.dumps(cell)}" for n, (name, cell) in enumerate(row.items())
        )
    return "\n".join(lines) + "\n"


WRITTEN = {
    "facts.csv": as_csv,
    "facts.jsonl": lambda rows: "".join(json.dumps(row) + "\n" for row in rows),
    "facts.ndjson": lambda rows: "".join(json.dumps(row) + "\n\n" for row in rows),
    "facts.json": lambda rows: json.dumps(rows, indent=1),
    "facts.yaml": as_yaml,
    "facts.yml": as_yaml,
}


@pytest.fixture
def kb():
    with Knowledge.open(":memory:") as opened:
        yield opened


def content(kb):
    return [(f.entity, f.attribute, f.value, f.qualifiers, str(f.valid), f.source, f.single)
            for number in range(1, kb.stats().facts + 1) for f in [kb.fact(f"f{number}")]]  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_every_format_says_the_same(kb, tmp_path, name):
    """The same rows in any format make the same ledger, names and cardinality included."""
    (tmp_path / name).write_text(WRITTEN[name](ROWS))
    seen = []
    result = kb.load(tmp_path / name, progress=seen.append)
    assert (result.rows, result.added, result.declared) == (5, 3, 2)
    assert seen == [5]
    assert kb.ask("acme", "boss", at="2020-06-01").value == "ann"
    assert kb.ask("Acme", "head", at="2024-06-01").value == "bob"
    revenue = kb.ask("Acme", "revenue", qualifiers={"Quarter": "q3"})
    assert (revenue.value, revenue.fact.source.authority) == ("4.20", 3)
    assert kb.entity("borealis sa") == "Borealis"
    assert kb.ledger.attributes()[0].cardinality == "one"


@pytest.mark.parametrize("name", WRITTEN)
def test_loading_twice_changes_nothing(kb, tmp_path, name):
    """A second load adds no version and moves no generation."""
    (tmp_path / name).write_text(WRITTEN[name](ROWS))
    kb.load(tmp_path / name)
    before, generation = kb.stats(), kb.ledger.generation
    again = kb.load(tmp_path / name)
    assert (again.added, again.known) == (0, 3)
    assert kb.stats() == before
    assert kb.ledger.generation == generation


BAD = {
    "unknown column": ({"entity": "A", "attribute": "b", "valeu": "c"}, "'valeu' is not known; did you mean 'value'"),
    "missing entity": ({"attribute": "b", "value": "c"}, "entity is missing"),
    "missing value": ({"entity": "A", "attribute": "b"}, "value is missing"),
    "blank name": ({"entity": "  ", "attribute": "b", "value": "c"}, "entity is empty"),
    "no letters": ({"entity": "?!", "attribute": "b", "value": "c"}, "no letter or digit"),
    "bad date": ({"entity": "A", "attribute": "b", "value": "c", "valid_from": "soon"}, "valid_from 'soon' is not a date"),
    "bad authority": ({"entity": "A", "attribute": "b", "value": "c", "authority": "top"}, "'top' is not a whole number"),
    "bad cardinality": ({"attribute": "b", "cardinality": "two"}, "cardinality 'two'"),
    "idle date": ({"entity": "A", "valid_from": "2020"}, "valid_from says nothing"),
    "NUL": ({"entity": "A", "attribute": "b", "value": "c\0d"}, "value holds a NUL"),
    "interval": ({"entity": "A", "attribute": "b", "value": "c", "valid_from": "2020", "valid_to": "2019"}, "ends before it starts"),
    "other type": ({"entity": "Acme", "type": "band"}, "has type 'company', not 'band'"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        (name, wrong)
        for name in ("facts.jsonl", "facts.csv", "facts.yaml")
        for wrong in BAD
        if (name, wrong) != ("facts.csv", "unknown column")  # CSV names its columns once; see the malformed files
    ],
)
def test_a_bad_row_is_named_by_file_and_line_and_nothing_is_loaded(kb, tmp_path, name, wrong):
    """Whatever is wrong with one row, the message has its line, and no other row of the file is kept."""
    row, says = BAD[wrong]
    kb.entity("Acme", type="company")
    before = kb.stats()
    good = {"entity": "Acme", "attribute": "plan", "value": "x"}
    (tmp_path / name).write_text(WRITTEN[name]([good, row, good]))
    with pytest.raises(InputError) as caught:
        kb.load(tmp_path / name)
    line = {"facts.jsonl": 2, "facts.csv": 3, "facts.yaml": 4}[name]
    assert says in str(caught.value)
    assert f"{name}:{line}: " in str(caught.value)
    assert (caught.value.line, caught.value.path) == (line, str(tmp_path / name))
    assert "nothing of this file was loaded" in str(caught.value)
    assert kb.stats() == before


def test_an_interval_error_of_a_file_is_both_errors(kb, tmp_path):
    """Who catches IntervalError, and who catches InputError for its line, both get it."""
    row, _ = BAD["interval"]
    (tmp_path / "facts.jsonl").write_text(json.dumps(row))
    with pytest.raises(IntervalError, match=r"facts\.jsonl:1: the interval ends before it starts") as caught:
        kb.load(tmp_path / "facts.jsonl")
    assert isinstance(caught.value, InputError)


def test_overlapping_single_values_name_both_facts_and_the_line(kb, tmp_path):
    """Two values at once from one source are an error; who they are, and what to do, is in it."""
    kb.attribute("ceo", cardinality="one")
    rows = [{"entity": "Acme", "attribute": "ceo", "value": v, "source": "register", "valid_from": f} for v, f in (("ann", "2019"), ("bob", "2021"))]  # fmt: skip
    (tmp_path / "facts.jsonl").write_text("\n" + WRITTEN["facts.jsonl"](rows))
    with pytest.raises(OverlapError) as caught:
        kb.load(tmp_path / "facts.jsonl")
    for part in ("facts.jsonl:3: ", "Acme, ceo", "'ann' (2019 to …", "'bob' (2021 to …", "supersede", "correct"):
        assert part in str(caught.value)
    assert kb.stats().facts == 0


def test_the_order_of_rows_does_not_matter_for_overlaps(kb, tmp_path):
    """Overlaps are looked for in the file as a whole: an end that comes in a later row counts."""
    kb.attribute("ceo", cardinality="one")
    kb.add("Acme", "ceo", "ann", source="register", valid_from="2019")
    rows = [
        {"entity": "Acme", "attribute": "ceo", "value": "bob", "source": "register", "valid_from": "2021"},
        {"entity": "Acme", "attribute": "ceo", "value": "ann", "source": "register", "valid_from": "2019", "valid_to": "2021"},
    ]  # fmt: skip
    (tmp_path / "facts.jsonl").write_text(WRITTEN["facts.jsonl"](rows))
    result = kb.load(tmp_path / "facts.jsonl")
    assert (result.added, result.changed) == (1, 1)
    assert kb.ask("Acme", "ceo", at="2020-06-01").value == "ann"
    assert kb.ask("Acme", "ceo", at="2024-06-01").value == "bob"


def test_a_correction_survives_the_nightly_load(kb, tmp_path):
    """A file that still says what was put right or has ended does not bring it back."""
    (tmp_path / "facts.csv").write_text("entity,attribute,value,valid_from\nAcme,ceo,ann,2019\nAcme,office,Rome,2019\n")
    kb.load(tmp_path / "facts.csv")
    kb.correct("f1", "anna", author="eva", reason="typo")
    kb.supersede("f2", "Turin", valid_from="2022")
    again = kb.load(tmp_path / "facts.csv")
    assert (again.kept, again.added) == (2, 0)
    assert kb.ask("Acme", "ceo").value == "anna"
    assert kb.ask("Acme", "office").value == "Turin"


def test_up_to_twenty_bad_rows_are_named_together(kb, tmp_path):
    """A file is put right in one go; beyond twenty the reading stops and says so."""
    lines = ["entity,attribute,value,valid_from"] + [f"E{n},ceo,x,never" for n in range(30)]
    (tmp_path / "facts.csv").write_text("\n".join(lines))
    with pytest.raises(InputError) as caught:
        kb.load(tmp_path / "facts.csv")
    text = str(caught.value)
    assert text.count("is not a date") == 20
    assert "facts.csv:2: " in text
    assert "facts.csv:21: " in text
    assert "the rest was not read" in text
    (tmp_path / "three.csv").write_text("\n".join([*lines[:4], "Acme,ceo,ann,2020"]))
    with pytest.raises(InputError) as caught:
        kb.load(tmp_path / "three.csv")
    assert str(caught.value).count("is not a date") == 3
    assert kb.stats().facts == 0


@pytest.mark.parametrize(
    ("name", "raw", "says"),
    [
        ("facts.txt", b"x", r"'\.txt' is not one we read; use \.csv"),
        ("facts.csv", b"entity,attribute,value\nAcme,ceo,\xff\n", r"facts\.csv:2: is not UTF-8 \(byte 10"),
        ("facts.csv", "entity,attribute,value\n".encode("utf-16"), r"facts\.csv:1: is UTF-16"),
        ("facts.csv", b"entity;attribute;value\nAcme;ceo;ann\n", "not separated by commas"),
        ("facts.csv", b"entity,value,value\n", "'value' is there twice"),
        ("facts.csv", b"entity,attribute,value\nAcme,ceo\n", r"facts\.csv:2: has 2 cells, and the header has 3"),
        ("facts.csv", b'entity,attribute,value\nAcme,ceo,ann\nAcme,ceo,"an\nn\n', r"facts\.csv:3: is not CSV"),
        ("facts.csv", b"entity,atribute,value\nAcme,ceo,ann\n", r"facts\.csv:2: .*did you mean 'attribute'"),
        ("facts.jsonl", b'{"entity": "Acme",}\n', r"facts\.jsonl:1: is not JSON"),
        ("facts.jsonl", b"\n[1]\n", r"facts\.jsonl:2: a row must be a mapping"),
        ("facts.jsonl", b'{"entity": "A", "entity": "B"}\n', "'entity' is there twice"),
        ("facts.jsonl", b'{"entity":"A","attribute":"b","value":NaN}', "NaN is not a value"),
        ("facts.jsonl", b'{"entity":"A","attribute":"b","value":"\\ud800"}', "half of a surrogate pair"),
        ("facts.jsonl", b'{"entity":"A","attribute":"b","value":["c","d"]}', "one value, not a list"),
        ("facts.jsonl", b"[" * 100_000, r"facts\.jsonl:1: "),
        ("facts.json", b'{"entity": "Acme"}', r"facts\.json:1: must hold a list"),
        ("facts.json", b'[\n{"entity":"A"}\n{"entity":"B"}]', r"facts\.json:3: .*a comma"),
        ("facts.json", b'[\n{"entity":"A"},\n{"entity"}]', r"facts\.json:3: is not JSON"),
        ("facts.json", b'[\n{"entity":"A"}\n]\nx', r"facts\.json:4: goes on after"),
        ("facts.json", b'[{"entity":"A"}', r"a comma or the end"),
        ("facts.yaml", b"entity: Acme\n", r"facts\.yaml:1: must hold a list"),
        ("facts.yaml", b"- entity: Acme\n  value: [a\n", r"facts\.yaml:\d: is not YAML"),
        ("facts.yaml", b"- entity: &x Acme\n- entity: *x\n", r"facts\.yaml:2: anchors"),
        ("facts.yaml", b"- entity: A\n  entity: B\n", "'entity' is there twice"),
        ("facts.yaml", b"- entity: A\n---\n- entity: B\n", "a second document"),
        ("facts.yaml", b"- aliases: " + b"[" * 5_000, r"facts\.yaml:1: is nested too deeply"),
    ],
)  # fmt: skip
def test_a_malformed_file_is_named_with_its_line(kb, tmp_path, name, raw, says):
    """Each way a file can be broken has its own message with the place, and nothing is loaded."""
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(InputError, match=says):
        kb.load(tmp_path / name)
    assert kb.stats().entities == 0


def test_a_file_that_is_not_there_is_named(kb, tmp_path):
    """A missing file is an InputError with its path, not a FileNotFoundError."""
    with pytest.raises(InputError, match=r"none\.csv: cannot be read"):
        kb.load(tmp_path / "none.csv")


def test_files_and_rows_have_bounds(kb, tmp_path, monkeypatch):
    """A line or a file beyond the bound is refused before it is read whole."""
    (tmp_path / "facts.jsonl").write_text('{"entity": "' + "x" * rows_module.MAX_ROW + '"}')
    with pytest.raises(LimitError, match=r"facts\.jsonl:1: is longer than"):
        kb.load(tmp_path / "facts.jsonl")
    monkeypatch.setattr(rows_module, "MAX_WHOLE", 10)
    (tmp_path / "facts.yaml").write_text("- entity: Acme\n")
    with pytest.raises(LimitError, match="split the file"):
        kb.load(tmp_path / "facts.yaml")


def test_cells_keep_the_spelling_they_have_in_the_file(kb, tmp_path):
    """Numbers keep their zeros, NO stays Norway, and a year is a date."""
    (tmp_path / "f.yaml").write_text(
        "- {entity: A, attribute: country, value: NO, valid_from: 2003}\n- {entity: A, attribute: price, value: 4.20}\n"
    )
    (tmp_path / "f.jsonl").write_text(
        '{"entity": "B", "attribute": "price", "value": 4.20}\n{"entity": "B", "attribute": "open", "value": true}\n'
    )
    kb.load(tmp_path / "f.yaml")
    kb.load(tmp_path / "f.jsonl")
    assert [f[2] for f in content(kb)] == ["NO", "4.20", "4.20", "true"]
    assert kb.fact("f1").valid.start_text == "2003"


def test_quoted_cells_may_span_lines_and_errors_name_where_the_row_begins(kb, tmp_path):
    """A row of several lines is one row; the next row's line is still right."""
    (tmp_path / "f.csv").write_text(
        '\ufeffentity,attribute,value\r\nAcme,motto,"first\r\nsecond"\r\nAcme,,x\r\n', encoding="utf-8", newline=""
    )
    with pytest.raises(InputError, match=r"f\.csv:4: attribute is missing"):
        kb.load(tmp_path / "f.csv")


def test_a_source_may_have_an_address_and_keeps_its_rank(kb, tmp_path):
    """source_uri describes the source without resetting the authority it has."""
    kb.add("Acme", "ceo", "ann", source="register", authority=7)
    (tmp_path / "f.csv").write_text(
        "entity,attribute,value,source,source_uri\nAcme,office,Rome,register,https://register.example/acme\n"
    )
    kb.load(tmp_path / "f.csv")
    source = kb.ask("Acme", "office").fact.source
    assert (source.uri, source.authority) == ("https://register.example/acme", 7)


cells = st.text(max_size=8) | st.integers() | st.none() | st.lists(st.text(max_size=3), max_size=2) | st.booleans()
names = st.sampled_from(
    ["entity", "attribute", "value", "source", "valid_from", "valid_to", "authority", "aliases", "qualifiers"]
)
lines = st.one_of(
    st.dictionaries(names, cells).map(json.dumps),
    st.fixed_dictionaries(
        {"entity": st.sampled_from("ab"), "attribute": st.just("x"), "value": st.sampled_from("yz")}
    ).map(json.dumps),
    st.text(max_size=20),
)


@given(st.lists(lines, max_size=6))
def test_any_file_is_loaded_whole_or_refused_whole(tmp_path_factory, texts):
    """Whatever a JSON-lines file holds: it is loaded, and a second load changes nothing; or nothing of it is kept."""
    file = tmp_path_factory.mktemp("any") / "facts.jsonl"
    file.write_text("\n".join(texts), encoding="utf-8", newline="")
    with Knowledge.open(":memory:") as kb:
        empty = kb.stats()
        try:
            kb.load(file)
        except GuardlayerError:
            assert kb.stats() == empty
        else:
            loaded = kb.stats()
            kb.load(file)
            assert kb.stats() == loaded
