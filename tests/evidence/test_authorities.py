"""The user's retrievers, asked as authorities."""

import asyncio
import functools
from datetime import UTC, datetime

import pytest

from guardlayer.errors import AuthorityError, ConfigError
from guardlayer.evidence import RetrieverAuthority, as_authority
from guardlayer.protocols import Authority
from guardlayer.types import Claim, Evidence, Query, Source, Standing

AT = datetime(2026, 1, 10, tzinfo=UTC)


def query(text="The fee is 3%.", **more):
    return Query(Claim(text, 0, len(text)), AT, question="What is the fee?", **more)


def fees(text):
    return [f"asked: {text}", {"text": "The fee is 4%.", "source": "fees.md"}]


async def afees(text):
    await asyncio.sleep(0)
    return fees(text)


class Retriever:
    def __call__(self, text):
        return fees(text)


class AsyncRetriever:
    async def __call__(self, text):
        return fees(text)


@pytest.mark.parametrize("retriever", [fees, Retriever(), functools.partial(fees), lambda text: [*fees(text)]])
async def test_callables(retriever):
    """A callable gets the text of the claim and nothing else, and both ways of asking give the same."""
    authority = RetrieverAuthority(retriever)
    assert isinstance(authority, Authority)
    found = authority.search(query())
    assert [one.text for one in found] == ["asked: The fee is 3%.", "The fee is 4%."]
    assert found[1].source.id == "fees.md"
    assert list(await authority.asearch(query())) == list(found)


@pytest.mark.parametrize(
    "retriever",
    [
        afees,
        AsyncRetriever(),
        functools.partial(afees),
        lambda text: afees(f"{text}"),
        functools.partial(AsyncRetriever()),
    ],
)
async def test_async_callables(retriever):
    """What can only be awaited is awaited, and asked in place it says what to do instead."""
    authority = RetrieverAuthority(retriever)
    assert [one.text for one in await authority.asearch(query())] == ["asked: The fee is 3%.", "The fee is 4%."]
    with pytest.raises(AuthorityError, match="use acheck"):
        authority.search(query())


async def test_async_generators():
    """Passages may come one by one; no more are awaited than are wanted."""
    given = []

    async def endless(text):
        while True:
            given.append(text)
            yield f"{text} {len(given)}"

    authority = RetrieverAuthority(endless, max_results=3)
    assert len(await authority.asearch(query())) == 3
    assert len(given) == 3
    with pytest.raises(AuthorityError, match="use acheck"):
        authority.search(query())


async def test_a_blocking_callable_does_not_block_the_loop():
    """While a sync retriever waits, the event loop goes on."""
    import threading

    released = threading.Event()

    def slow(text):
        assert released.wait(5)
        return [text]

    async def release():
        released.set()

    found, _ = await asyncio.gather(RetrieverAuthority(slow).asearch(query()), release())
    assert [one.text for one in found] == ["The fee is 3%."]


@pytest.mark.parametrize("answer", [None, [], "", iter(())])
async def test_finding_nothing_is_no_error(answer):
    """No passage is an answer."""
    assert list(RetrieverAuthority(lambda _: answer).search(query())) == []
    assert list(await RetrieverAuthority(lambda _: answer).asearch(query())) == []


@pytest.mark.parametrize("failure", [ValueError("no index"), TimeoutError("slow"), RuntimeError()])
async def test_a_failure_is_an_authority_error(failure):
    """A retriever that fails is named, its cause kept: the claim is unverifiable, not unsupported."""

    def failing(_):
        raise failure

    async def afailing(_):
        raise failure

    authority = RetrieverAuthority(failing, id="shop docs")
    with pytest.raises(AuthorityError, match=rf"^shop docs could not be asked: {type(failure).__name__}") as caught:
        authority.search(query())
    assert caught.value.__cause__ is failure
    for one in (authority, RetrieverAuthority(afailing, id="shop docs")):
        with pytest.raises(AuthorityError, match="shop docs could not be asked") as caught:
            await one.asearch(query())
        assert type(caught.value.__cause__) is type(failure)


def test_a_generator_that_fails_half_way():
    """A failure while passages are read is the retriever's too."""

    def half(_):
        yield "one"
        raise OSError("gone")

    with pytest.raises(AuthorityError, match="OSError: gone"):
        RetrieverAuthority(half).search(query())


def test_what_is_no_passage():
    """A retriever that returns something else is told what it returned."""
    with pytest.raises(AuthorityError, match="int cannot be read as evidence"):
        RetrieverAuthority(lambda _: [3]).search(query())


def test_results_are_bounded():
    """Neither a long list nor an endless generator gets past the bounds, and the order is the retriever's."""
    assert len(RetrieverAuthority(lambda _: ["a"] * 5000).search(query(limit=4))) == 4
    assert [
        one.text for one in RetrieverAuthority(lambda _: (str(n) for n in range(10**9))).search(query(limit=2))
    ] == ["0", "1"]


def test_standing_is_judged():
    """A passage that says it has ended is not taken for current, and a current one stands before it."""
    answer = [{"text": "The fee is 3%.", "valid_to": "2024"}, {"text": "The fee is 4%.", "valid_from": "2024"}]
    found = RetrieverAuthority(lambda _: answer).search(query())
    assert [(one.text, one.standing) for one in found] == [
        ("The fee is 4%.", Standing.CURRENT),
        ("The fee is 3%.", Standing.SUPERSEDED),
    ]


def test_sources_without_a_name_are_the_retrievers():
    """A passage that names no source can be traced to the retriever that gave it."""
    (found,) = RetrieverAuthority(lambda _: ["a"], id="shop docs").search(query())
    assert found.source.id == "shop docs #1"


def test_names():
    """A retriever is known by its function or class, unless it is given a name."""
    assert RetrieverAuthority(fees).id == "fees"
    assert RetrieverAuthority(functools.partial(fees)).id == "fees"
    assert RetrieverAuthority(Retriever()).id == "Retriever"
    assert RetrieverAuthority(fees, id="x").id == "x"


class Known:
    id = "known"

    def search(self, query):
        return [Evidence("a", Source("s"))]


def test_authorities_pass_through():
    """What is an authority already is not wrapped again."""
    known = Known()
    assert as_authority(known) is known
    wrapped = as_authority(fees)
    assert isinstance(wrapped, RetrieverAuthority)
    assert as_authority(wrapped) is wrapped


@pytest.mark.parametrize("thing", [None, 3, "docs/", ["a"], {"a": 1}, object(), Known, Retriever])
def test_what_is_no_source(thing):
    """A string, a list, a class: each is refused when the guard is built, and the message says what is accepted."""
    with pytest.raises(ConfigError, match=r"a source cannot be .*; pass a callable .*LangChain.*LlamaIndex"):
        as_authority(thing)
