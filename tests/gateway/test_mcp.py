"""The MCP server, as a host sees it over stdin and stdout."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from guardlayer import Guard, Knowledge
from guardlayer.errors import ConfigError
from guardlayer.gateway import mcp_server
from guardlayer.provenance import SqliteLog

STALE, CURRENT = "$39", "$49"
FACTS = (
    "entity,attribute,value,source,source_uri,valid_from,valid_to\n"
    "Acme,list price,$39,price list 2025,,2025-01-01,2026-01-01\n"
    "Acme,list price,$49,price list 2026,https://acme.example/2026,2026-01-01,\n"
)


@pytest.fixture
def server(kb, tmp_path):
    """The server in this process, with a log."""
    with SqliteLog(tmp_path / "log.db") as log:
        yield mcp_server.build(Guard(knowledge=kb, log=log))


async def call(server: Any, name: str, **arguments: Any) -> Any:
    """Call a tool, and return its structured output."""
    result = await server.call_tool(name, arguments)
    content = getattr(result, "structured_content", None)
    return content if content is not None else result[1]


async def test_a_claim_is_verified(server):
    """A stale claim comes back with the verdict, what is true now, its source, and the record."""
    found = await call(server, "verify_claim", claim=f"The list price of Acme is {STALE}.")
    (claim,) = found["claims"]
    assert (found["outcome"], claim["verdict"]) == ("findings", "stale")
    assert claim["current"]["value"] == CURRENT
    assert claim["current"]["source"]["uri"] == "https://acme.example/2026"
    assert CURRENT in found["output"]
    past = await call(server, "verify_claim", claim=f"The list price of Acme is {STALE}.", at="2025-06-01")
    assert past["outcome"] == "verified"
    own = await call(server, "verify_claim", claim="Bolts are blue.", evidence=["Bolts are blue."])
    assert own["claims"][0]["verdict"] == "supported"


async def test_facts_are_found_with_their_time(server):
    """A search gives current and former values, each with standing, dates and source."""
    found = (await call(server, "search_facts", query="list price of Acme"))["results"]
    assert {(result["value"], result["standing"]) for result in found} == {(CURRENT, "current"), (STALE, "superseded")}
    assert found[0]["value"] == CURRENT
    assert found[0]["valid_from"] == "2026-01-01"


async def test_a_search_finds_what_may_be_read_and_nothing_else():
    """A server that acts for somebody answers them as if what they may not read were not known."""
    knowledge = Knowledge.open(":memory:")
    knowledge.add("Ann Bell", "salary", "$104,000", source="payroll")
    knowledge.permissions.set(
        'permit(principal in Group::"hr", action == Action::"read", resource);', author="dana", reason="private"
    )
    guard = Guard(knowledge=knowledge, permissions=knowledge.permissions, log=None)
    for who, groups, texts in (("hana", ["hr"], ["$104,000"]), ("sam", [], [])):
        acting = mcp_server.build(guard.acting_for(who, groups=groups))
        found = await call(acting, "search_facts", query="salary of Ann Bell")
        assert [result["value"] for result in found["results"]] == texts
    assert (await call(mcp_server.build(guard), "search_facts", query="salary of Ann Bell"))["results"] == []


async def test_an_answer_is_explained_from_its_record(server):
    """The id that verify_claim returned leads to the claim, the fact version and the source."""
    record = (await call(server, "verify_claim", claim=f"The list price of Acme is {STALE}."))["record"]
    found = await call(server, "why", record=record, claim=1)
    assert found["record"] == record
    assert "price list 2026" in found["text"]
    assert found["claims"][0]["verdict"] == "stale"


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("verify_claim", {"claim": "x", "at": "soon"}, "soon"),
        ("search_facts", {"query": " "}, "query is empty"),
        ("search_facts", {"query": "x", "limit": 0}, "limit is 0"),
        ("why", {"record": "nothing"}, "nothing"),
        ("why", {"record": "x", "claim": 0}, "counted from 1"),
    ],
)
async def test_a_wrong_argument_is_an_error_the_host_can_read(server, name, arguments, says):
    """The host learns what was wrong; the server goes on."""
    with pytest.raises(Exception, match=says):  # each version of the SDK has its own class of tool errors
        await server.call_tool(name, arguments)


async def test_without_knowledge_or_log_the_error_says_what_to_do():
    """Search needs knowledge, and explaining needs a log."""
    bare = mcp_server.build(Guard(log=None))
    for name, arguments, says in (("search_facts", {"query": "x"}, "knowledge"), ("why", {"record": "x"}, "log")):
        with pytest.raises(Exception, match=says):  # likewise
            await bare.call_tool(name, arguments)


def test_without_the_extra_the_error_names_it(monkeypatch):
    """Where the SDK is not installed, the error says what to install."""
    for name in [name for name in sys.modules if name == "mcp" or name.startswith("mcp.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(ConfigError, match=r"guardlayer-facts\[mcp\]"):
        mcp_server.build(Guard(log=None))


async def test_nothing_but_the_protocol_is_on_stdout(tmp_path):
    """`guardlayer mcp` speaks to a real client over stdin and stdout, with names, schemas and structured results."""
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    facts = tmp_path / "facts.csv"
    facts.write_text(FACTS)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GUARDLAYER")}
    parameters = StdioServerParameters(
        command=sys.executable, args=["-m", "guardlayer.cli", "mcp", "-k", str(facts)], env=kept, cwd=str(tmp_path)
    )
    with (tmp_path / "stderr").open("w") as stderr:
        async with stdio_client(parameters, errlog=stderr) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            result = await session.call_tool("verify_claim", {"claim": f"The list price of Acme is {STALE}."})
    assert set(tools) == {"verify_claim", "search_facts", "why"}
    assert all(tool.description for tool in tools.values())
    found = getattr(result, "structured_content", None) or result.structuredContent
    assert found["claims"][0]["current"]["value"] == CURRENT
    assert found["record"]
