"""What is sent back: the end of an answer is sent with its last event, and what is done behind it is not cut short."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from guardlayer.gateway.inbound import EventSender, Last, while_there


async def test_the_end_of_an_answer_waits_for_nothing_behind_it():
    """The client has the end with the last frames, though the source has yet to tidy up; nothing follows it."""
    sent: list[dict[str, Any]] = []
    ended = asyncio.Event()

    async def send(message: Any) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message["more_body"]:
            ended.set()

    async def source() -> AsyncGenerator[bytes, None]:
        yield b"data: 1\n\n"
        yield Last(b"data: 2\n\n")
        await ended.wait()
        yield b"data: too late\n\n"

    sender = EventSender(send, {}, keep_alive=0.001)
    async with asyncio.timeout(5):
        await sender.run(source())
        await asyncio.sleep(0.01)
        await sender.end()
    bodies = [message["body"] for message in sent[1:]]
    assert bodies[0] == b"data: 1\n\n"
    assert bodies[-1] == b"data: 2\n\n"
    assert [message["more_body"] for message in sent[1:]].count(False) == 1


async def test_a_client_that_has_the_whole_answer_has_not_left():
    """A server says that the client is gone once the answer is complete; the work behind it is done all the same."""
    answered, tidied = asyncio.Event(), False

    async def receive() -> Any:
        await answered.wait()
        return {"type": "http.disconnect"}

    async def work() -> None:
        nonlocal tidied
        answered.set()
        await asyncio.sleep(0.01)
        tidied = True

    assert await while_there(receive, work(), answered.is_set)
    assert tidied


async def test_a_client_that_leaves_before_the_end_ends_the_work():
    """Work for nobody is given up."""
    given_up = False

    async def receive() -> Any:
        await asyncio.sleep(0)
        return {"type": "http.disconnect"}

    async def work() -> None:
        nonlocal given_up
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            given_up = True
            raise

    async with asyncio.timeout(5):
        assert not await while_there(receive, work(), lambda: False)
    assert given_up
