"""``guardlayer entity``: names are declared, changed and asked for from the command line."""

from __future__ import annotations

import pytest


@pytest.fixture
def entity(cli, tmp_path):
    """Run an entity command on a database of two Acmes."""
    path = tmp_path / "names.db"
    run = lambda verb, *args: cli("entity", verb, *args, "-k", path)  # noqa: E731 - as short as its use
    run("add", "Acme Corporation", "--alias", "Acme", "--type", "company")
    run("add", "Acme Records", "--alias", "Acme", "--type", "record label", "--hidden", "Akme")
    return run


def test_resolve_says_who_and_why_or_asks(entity):
    """Exit 0 with what decided, exit 1 with the candidates, exit 1 where it is nobody's name."""
    found = entity("resolve", "Acme", "Which bands are on the label Acme?", "--json")
    assert (found.code, found.json["entity"]["name"]) == (0, "Acme Records")
    assert found.json["why"]
    asked = entity("resolve", "Acme", "--json")
    assert (asked.code, asked.json["entity"]) == (1, None)
    assert [one["name"] for one in asked.json["candidates"]] == ["Acme Corporation", "Acme Records"]
    assert entity("resolve", "Acme").out.startswith("'Acme' may stand for")
    assert entity("resolve", "Beta").code == 1
    turned = entity("resolve", "Acme", "How old is Acme?", "--turn", "Tell me about Acme Records.")
    assert (turned.code, "Acme Records" in turned.out) == (0, True)


def test_an_alias_may_hold_in_a_scope_and_be_taken_away(entity):
    """Found in its tenant, asked about from nowhere, gone when it was a mistake."""
    assert entity("alias", "Acme Records", "AR", "--scope", "tenant=north", "--valid-to", "2030").code == 0
    assert entity("resolve", "AR", "--scope", "tenant=north").code == 0
    assert entity("resolve", "AR", "--scope", "tenant=south").code == 1
    assert entity("alias", "Acme Records", "AR", "--remove").code == 0
    assert "nobody" in entity("resolve", "AR", "--scope", "tenant=north").out


def test_rename_merge_and_unmerge_keep_their_history(entity):
    """Both names lead to it; a merge is listed with who made it and that it was undone."""
    renamed = entity("rename", "Acme Records", "Zent Music", "--since", "2024-05", "--json").json
    assert renamed["name"] == "Zent Music"
    assert {name["text"]: name["valid"]["to"] for name in renamed["names"]}["Acme Records"] == "2024-05"
    entity("add", "ACME Corp of Ohio")
    merged = entity("merge", "Acme Corporation", "ACME Corp of Ohio", "--author", "dana", "--json").json
    assert (merged["into"], merged["undone"]) == ("Acme Corporation", None)
    assert entity("unmerge", "ACME Corp of Ohio", "--author", "eli").code == 0
    listed = entity("list", "--merges", "--json").json
    assert [(one["author"], one["undone_by"]) for one in listed] == [("dana", "eli")]


def test_list_finds_by_name_and_type_and_says_when_there_is_none(entity):
    """Any of the names counts, hidden ones too."""
    assert [one["name"] for one in entity("list", "--type", "company", "--json").json] == ["Acme Corporation"]
    assert [one["name"] for one in entity("list", "akme", "--json").json] == ["Acme Records"]
    assert entity("list", "zzz").code == 1


@pytest.mark.parametrize(
    "args",
    [
        ("alias", "Acme Records", "the"),
        ("alias", "Nobody", "N"),
        ("alias", "Acme Records", "AR", "--scope", "tenant"),
        ("rename", "Acme Records", "Acme Corporation"),
        ("merge", "Acme Corporation", "Acme Records"),
        ("unmerge", "Acme Records"),
        ("resolve", "Acme", "--at", "yesterday"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_exit_2(entity, args):
    """Each refusal says what was wrong, and nothing is printed on stdout."""
    done = entity(*args)
    assert done.code == 2
    assert done.err.startswith("guardlayer: ")
    assert not done.out
