"""What the gateway costs: streams through it against the bare upstream, in one run on this machine.

    python benchmarks/gateway.py [--streams 1,8,16,32,64] [--answers 10] [--rate 40] [--workers 1] [--no-log] [--quick]
    python benchmarks/gateway.py --requests 10000        # only through the gateway: errors, leaks, growth

Programs on the loopback interface: an upstream; ``guardlayer serve`` before it as a user starts it, once with its
provenance log and once with ``--no-log``; a pass-through of the same making (Starlette, httpx, uvicorn) that checks
nothing, to tell what is the guard's from what is any proxy's; and this client. It keeps so many streams open at once,
in turns of the bare upstream and of each of the others. Upstream and client are bare asyncio, so that they take as
little as can be of the cores that the gateway needs too.

**The model.** Each stream writes 40 tokens a second (``--rate``), each a word or a mark in a chunk of its own, on a
schedule fixed when the request came: a late token does not delay those behind it. That is how a model writes: 64
streams are 64 answers that take about two seconds each, not 64 requests at full throttle. Every answer is another text
of about 88 tokens that states nothing (greetings, offers, wishes), and every one is compared with what the upstream
wrote.

**Overhead.** For each request, how much later than on the schedule its last byte was there. What a program adds is the
difference of the same percentile through it and without it. ``first sentence`` is the same for the end of the first
sentence; the gateway holds it back until a word shows that it has ended, so one or two tokens (25 ms each) are by
design. With few streams the figure is the work itself, on a core that has slept and whose caches are cold; what it
grows by as streams are added, is waiting for a core. The last columns say how busy these were: by the program itself,
which has one thread for its streams, and by it, upstream and client together.

Exit code 1 if a request fails or an answer is not what was written; a target that is missed is said, and is no failure.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RATE = 40.0
"""Tokens that a stream writes in a second, unless ``--rate`` says otherwise."""
LEAST = 20
"""Answers of each side that a line of figures rests on."""
TARGETS = {50: 5.0, 99: 25.0}
"""Milliseconds that the gateway may add at 64 streams, by percentile."""
TARGET_STREAMS = 64
PATIENCE = 60.0
"""Seconds after which a request has failed."""

_OPENING = (
    "Thanks for reaching out!", "Thank you for your patience!", "Hello and welcome!", "Great question!",
    "Thanks a lot for asking!", "Good to hear from you!",
)  # fmt: skip
_MIDDLE = (
    "Let me know if you would like {a}.", "I am happy to help you with {b}.", "Feel free to ask me about {b}.",
    "I will gladly try {c}.", "Would you like me to {d}?", "Please tell me if I should {d}.", "Shall we {d} together?",
    "I hope {e} helps.", "Please take your time with {b}.", "Let me {d} for you.", "Do you want me to {d}?",
)  # fmt: skip
_CLOSING = ("Have a lovely day!", "Let me know how it goes.", "Take care!", "Good luck!")
_WORDS = {
    "a": ("another way", "a shorter answer", "more detail", "a fresh start", "a second try", "a summary"),
    "b": ("that", "this", "your question", "anything else", "the next step", "your draft", "the rest", "all of it"),
    "c": ("another way", "once more", "to be clearer", "to be brief", "again"),
    "d": ("go on", "start over", "look at it", "go through it step by step", "take it slowly", "try it once more",
          "keep it short", "go into more detail", "read it again"),
    "e": ("this", "that"),
}  # fmt: skip


def answer(number: int) -> str:
    """Return what the upstream writes when it is asked ``Hello <number>!``: eleven sentences that state nothing."""
    chosen = random.Random(number)
    middle = [
        chosen.choice(_MIDDLE).format(**{name: chosen.choice(words) for name, words in _WORDS.items()})
        for _ in range(9)
    ]
    return " ".join((chosen.choice(_OPENING), *middle, chosen.choice(_CLOSING)))


def tokens_of(text: str) -> list[str]:
    """Return a text as a model writes it: a word with the space before it, or a mark, at a time."""
    return re.findall(r" ?\w+|\W", text)


# The upstream ---------------------------------------------------------------------------------------------------------


class Upstream(asyncio.Protocol):
    """One connection to a model that writes on a schedule."""

    def __init__(self, rate: float) -> None:
        self._read = b""
        self._rate = rate

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Take a request, and begin to answer when it is there whole."""
        self._read += data
        head, found, body = self._read.partition(b"\r\n\r\n")
        size = re.search(rb"(?i)content-length: *(\d+)", head)
        if not found or len(body) < (int(size[1]) if size else 0):
            return
        self._read = b""
        number = int(re.findall(r"\d+", json.loads(body)["messages"][-1]["content"])[-1])
        base = {"id": f"chatcmpl-{number}", "object": "chat.completion.chunk", "created": 1, "model": "m"}

        def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
            payload = {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]}
            return b"data: " + json.dumps(payload).encode() + b"\n\n"

        self._frames = [_chunked(chunk({"content": token})) for token in tokens_of(answer(number))]
        self._frames[-1] += _chunked(chunk({}, "stop")) + _chunked(b"data: [DONE]\n\n") + b"0\r\n\r\n"
        self._next, self._begun = 0, asyncio.get_running_loop().time()
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            + _chunked(chunk({"role": "assistant", "content": ""}))
        )
        self._wait()

    def _wait(self) -> None:
        asyncio.get_running_loop().call_at(self._begun + (self._next + 1) / self._rate, self._write)

    def _write(self) -> None:
        due = min(len(self._frames), int((asyncio.get_running_loop().time() - self._begun) * self._rate + 0.01))
        if due > self._next and not self._transport.is_closing():
            self._transport.write(b"".join(self._frames[self._next : due]))
            self._next = due
        if self._next < len(self._frames) and not self._transport.is_closing():
            self._wait()


def _chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def serve_upstream(listening: socket.socket, rate: float) -> None:
    """Serve the upstream until the process ends."""

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: Upstream(rate), sock=listening)
        await server.serve_forever()

    asyncio.run(serve())


# A proxy that checks nothing ------------------------------------------------------------------------------------------


def serve_bare(listening: socket.socket, upstream: str) -> None:
    """Pass streams through with the packages that the gateway is made of, as one would write it; nothing is read."""
    import httpx
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    client = httpx.AsyncClient(timeout=PATIENCE, limits=httpx.Limits(max_keepalive_connections=1000), trust_env=False)

    async def chat(request: Request) -> StreamingResponse:
        headers = {"content-type": "application/json", "accept": "text/event-stream"}
        asked = client.build_request(
            "POST", f"{upstream}/chat/completions", content=await request.body(), headers=headers
        )
        answered = await client.send(asked, stream=True)

        async def passed() -> AsyncIterator[bytes]:
            try:
                async for chunk in answered.aiter_raw():
                    yield chunk
            finally:
                await answered.aclose()

        return StreamingResponse(passed(), media_type="text/event-stream")

    app = Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])])
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", ws="none")
    uvicorn.Server(config).run(sockets=[listening])


# The client -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Taken:
    """How much later than on the upstream's schedule one answer was there, in seconds; ``error`` says what is wrong."""

    first: float = 0.0
    last: float = 0.0
    error: str | None = None


class Client(asyncio.Protocol):
    """One connection, used for one request after another."""

    def __init__(self) -> None:
        self._arrived: list[tuple[float, bytes]] = []
        self._whole: asyncio.Future[None] | None = None
        self.alive = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Take a part of an answer."""
        self._arrived.append((asyncio.get_running_loop().time(), data))
        refused = len(self._arrived) == 1 and not data.startswith(b"HTTP/1.1 200")
        if self._whole is not None and not self._whole.done() and (refused or data.endswith(b"0\r\n\r\n")):
            self._whole.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """Fail the request in flight."""
        self.alive = False
        if self._whole is not None and not self._whole.done():
            self._whole.set_exception(error or ConnectionResetError("closed before the end"))

    async def ask(self, number: int, rate: float) -> Taken:
        """Ask for an answer, read it to its end, and compare it with what the upstream wrote."""
        loop = asyncio.get_running_loop()
        self._arrived, self._whole = [], loop.create_future()
        body = json.dumps(
            {"model": "m", "stream": True, "messages": [{"role": "user", "content": f"Hello {number}!"}]}
        ).encode()
        begun = loop.time()
        self.transport.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer k\r\n"
            b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
        )
        try:
            await asyncio.wait_for(self._whole, PATIENCE)
        except (OSError, TimeoutError) as error:
            self.transport.abort()
            self.alive = False
            return Taken(error=type(error).__name__)
        return judged(self._arrived, begun, number, rate)


def judged(arrived: list[tuple[float, bytes]], begun: float, number: int, rate: float) -> Taken:
    """Compare an answer with what the upstream wrote, and with when it should have been there."""
    raw = b"".join(part for _, part in arrived)
    head, _, body = raw.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        return Taken(error=head[:40].decode("latin-1"))
    text, shown, finish, ids, done = answer(number), "", None, set(), False
    size = len(head) + 4
    first_end = text.index(text[re.search(r"[.!?]", text).end() - 1]) + 1  # type: ignore[union-attr]  # every text has sentences
    first_byte = 0
    for line in body.split(b"\n"):
        size += len(line) + 1
        if line.startswith(b"data: {"):
            payload = json.loads(line[6:])
            if "error" in payload:
                return Taken(error=f"error event: {payload['error'].get('code')}")
            ids.add(payload["id"])
            choice = payload["choices"][0]
            shown += choice["delta"].get("content") or ""
            finish = choice["finish_reason"] or finish
            if not first_byte and len(shown) >= first_end:
                first_byte = size
        done = done or line.startswith(b"data: [DONE]")
    if shown != text or finish != "stop" or ids != {f"chatcmpl-{number}"} or not done:
        return Taken(error="wrong answer")
    seen = 0
    first = next(moment for moment, part in arrived if (seen := seen + len(part)) >= first_byte)
    schedule = len(tokens_of(text)) / rate
    return Taken(first - begun - len(tokens_of(text[:first_end])) / rate, arrived[-1][0] - begun - schedule)


async def stream(port: int, phase: float, numbers: Iterable[int], rate: float) -> list[Taken]:
    """Ask one time after another; streams begin spread over the length of an answer, as they would by themselves."""
    await asyncio.sleep(phase)
    taken: list[Taken] = []
    client: Client | None = None
    for number in numbers:
        if client is None or not client.alive:
            _, client = await asyncio.get_running_loop().create_connection(Client, "127.0.0.1", port)
        taken.append(await client.ask(number, rate))
    if client is not None:
        client.transport.close()
    return taken


async def turn(port: int, streams: int, each: int, numbers: Iterable[int], rate: float = RATE) -> list[Taken]:
    """Keep ``streams`` streams open until each has had ``each`` answers."""
    source = iter(numbers)
    length = 88 / rate
    many = (
        stream(port, length * place / streams, [next(source) for _ in range(each)], rate) for place in range(streams)
    )
    return [taken for found in await asyncio.gather(*many) for taken in found]


# What the system says of a process ------------------------------------------------------------------------------------


def family(pid: int) -> list[int]:
    """Return a process and its children."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        children = []
    return [pid, *(each for child in children for each in family(int(child)))]


def cpu_of(pid: int) -> float:
    """Return the CPU seconds that a process has used, and its children unless it is this one."""
    used = 0
    for each in [pid] if pid == os.getpid() else family(pid):
        for thread in Path(f"/proc/{each}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                used += int(thread.read_text().split()[0])
    return used / 1e9


def memory_of(pid: int) -> float:
    """Return the resident memory of a process and its children, in MB."""
    total = 0.0
    for each in family(pid):
        try:
            total += int(Path(f"/proc/{each}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        except OSError:
            continue
    return total


def sockets_of(pid: int) -> int:
    """Return how many sockets a process and its children have open."""
    found = 0
    for each in family(pid):
        try:
            names = os.listdir(f"/proc/{each}/fd")  # noqa: PTH208 - no folder, a question to the kernel
        except OSError:
            continue
        for name in names:
            try:
                found += os.readlink(f"/proc/{each}/fd/{name}").startswith("socket:")  # noqa: PTH115 - likewise
            except OSError:
                continue
    return found


def percentile(values: list[float], share: int) -> float:
    """Return a percentile, nearest rank, in milliseconds."""
    ordered = sorted(values) or [0.0]
    return 1000 * ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * share // 100) - 1))]


# The runs -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Side:
    """One way to the upstream: the port that is asked, and the process behind it, if there is one."""

    port: int
    pid: int | None = None


def curve(sides: dict[str, Side], upstream: int, levels: list[int], each: int, rate: float) -> list[str]:
    """Print a line for each side at each number of streams, and return the errors."""
    errors: list[str] = []
    print(f"{'':26}{'last byte, ms':^15}{'first sentence':^16}{'CPU, ms an answer':^24}{'cores busy':^12}")
    print(
        f"{'streams':>7}{'':19}{'p50':>7}{'p99':>8}{'p50':>8}{'p99':>8}{'itself':>9}{'upstr.':>8}{'client':>7}"
        f"{'itself':>8}{'all':>6}"
    )
    numbers = iter(range(1, sys.maxsize))
    for streams in levels:
        rounds = max(each, LEAST // streams if each > 2 else 0)
        taken: dict[str, list[Taken]] = {name: [] for name in sides}
        spent = {name: Counter[str]() for name in sides}
        for _ in range(2):  # turns, so that all meet the same machine
            for name, side in sides.items():
                pids = {"upstream": upstream, "client": os.getpid(), **({"itself": side.pid} if side.pid else {})}
                before, begun = {which: cpu_of(pid) for which, pid in pids.items()}, time.monotonic()
                taken[name] += asyncio.run(turn(side.port, streams, -(-rounds // 2), numbers, rate))
                spent[name].update({which: cpu_of(pid) - before[which] for which, pid in pids.items()})
                spent[name]["seconds"] += time.monotonic() - begun  # type: ignore[assignment]  # Counter adds floats, too
        errors += [f"{name}: {one.error}" for name, found in taken.items() for one in found if one.error]
        straight: dict[tuple[str, int], float] = {}
        for number, (name, found) in enumerate(taken.items()):
            late = {
                (what, share): percentile([getattr(one, what) for one in found if not one.error], share)
                for what in ("last", "first")
                for share in TARGETS
            }
            straight = straight or late
            added = late if late is straight else {key: value - straight[key] for key, value in late.items()}
            sign = "" if late is straight else "+"
            row = f"{streams if number == 0 else '':>7} {name:18}"
            for key, width in (("last", 50), 7), (("last", 99), 8), (("first", 50), 8), (("first", 99), 8):
                row += f"{added[key]:{sign}{width}.1f}"
            used, seconds = spent[name], spent[name].pop("seconds")
            row += "".join(f"{1000 * used[which] / len(found):{width}.1f}" for which, width in _CPU.items())
            print(row + f"{used['itself'] / seconds:8.2f}{sum(used.values()) / seconds:6.2f}", flush=True)
            if streams == TARGET_STREAMS and name in ("gateway", "gateway, no log"):
                for share, target in TARGETS.items():
                    value = added["last", share]
                    verdict = "reached" if value <= target else "NOT REACHED"
                    print(
                        f"{'':8}added at {streams} streams, p{share}: {value:.1f} ms; at most {target:.0f}: {verdict}"
                    )
    return errors


_CPU = {"itself": 9, "upstream": 8, "client": 7}


def endurance(port: int, pid: int, requests: int, streams: int, rate: float) -> list[str]:
    """Print what many requests leave behind, and return the errors."""
    warm = 1000  # modules are loaded, pools and caches are filled
    asyncio.run(turn(port, streams, -(-min(warm, requests) // streams), iter(range(10**6, sys.maxsize)), rate))
    time.sleep(5)
    memory, sockets, begun, cpu = memory_of(pid), sockets_of(pid), time.monotonic(), cpu_of(pid)
    taken = asyncio.run(turn(port, streams, -(-requests // streams), iter(range(1, sys.maxsize)), rate))
    seconds, cpu = time.monotonic() - begun, cpu_of(pid) - cpu
    time.sleep(5)
    errors = [one.error for one in taken if one.error]
    late = [one.last for one in taken if not one.error]
    each = 1000 * cpu / len(taken)
    print(f"{len(taken):,} requests, {streams} streams at once, {seconds:.0f} s, {each:.1f} ms of CPU each")
    print(f"behind the upstream's schedule, p50 {percentile(late, 50):.1f} ms, p99 {percentile(late, 99):.1f} ms")
    wrong = errors.count("wrong answer")
    print(f"errors: {len(errors) - wrong}; wrong answers: {wrong}")
    # Among them idle connections to the upstream, at most one a stream: they are closed when the next request comes.
    print(f"sockets of the gateway when idle: {sockets} before, {sockets_of(pid)} after")
    print(f"memory of the gateway: {memory:.1f} MB before, {memory_of(pid):.1f} MB after")
    return errors


def serve_gateway(folder: str, upstream: str, workers: int, *, log: bool) -> tuple[subprocess.Popen[str], int]:
    """Start ``guardlayer serve`` as a user does, and return it with its port."""
    facts = Path(folder, "facts.csv")
    facts.write_text("entity,attribute,value,source\nAcme,list price,$49,price list 2026\n")
    command = [
        str(Path(sys.executable).with_name("guardlayer")), "serve", "--json", "--port", "0", "--knowledge", str(facts),
        "--upstream", upstream, *(("--log", str(Path(folder, "provenance.db"))) if log else ("--no-log",)),
        *(("--workers", str(workers)) if workers > 1 else ()),
    ]  # fmt: skip
    said = Path(folder, f"gateway-{log}.log")
    with said.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r'"url": ?"http://[^"]*:(\d+)"', line):
            return process, int(found[1])
    raise SystemExit(f"the gateway did not start: {said.read_text()}")


def check_texts() -> None:
    """Make sure that the answers state nothing, as the guard reads them."""
    from guardlayer import Guard

    guard = Guard(knowledge=None, log=None)
    claims = [claim for number in range(50) for claim in guard.check(answer(number)).claims]
    if found := {claim.text for claim in claims if claim.verdict != "exempt"}:
        raise SystemExit(f"the texts of this benchmark are not behavior only: {sorted(found)[:5]}")


def main() -> int:
    """Run it, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", default="1,8,16,32,64", help="open at once, lines of figures for each")
    parser.add_argument("--answers", type=int, default=10, help="that each stream reads, from each side")
    parser.add_argument("--rate", type=float, default=RATE, help="tokens a second that each stream writes")
    parser.add_argument("--requests", type=int, help="only send so many through the gateway, and say what they leave")
    parser.add_argument("--workers", type=int, default=1, help="processes of the gateway")
    parser.add_argument("--no-log", action="store_true", help="only the gateway that records no provenance")
    parser.add_argument("--quick", action="store_true", help="few answers, to see that it runs")
    options = parser.parse_args()
    levels = [int(each) for each in options.streams.split(",")]
    if options.quick:
        levels, options.answers = [1, 8], 2
    check_texts()
    spawn = multiprocessing.get_context("spawn")
    sockets = [socket.create_server(("127.0.0.1", 0), backlog=1024) for _ in range(2)]
    ports = [each.getsockname()[1] for each in sockets]
    url = f"http://127.0.0.1:{ports[0]}/v1"
    upstream = spawn.Process(target=serve_upstream, args=(sockets[0], options.rate), daemon=True)
    bare = spawn.Process(target=serve_bare, args=(sockets[1], url), daemon=True)
    upstream.start()
    gateways: list[subprocess.Popen[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        try:
            print(
                f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the run; "
                f"{options.rate:.0f} tokens a second a stream"
            )
            if options.requests:
                process, port = serve_gateway(folder, url, options.workers, log=not options.no_log)
                gateways.append(process)
                errors = endurance(port, process.pid, options.requests, max(levels), options.rate)
            else:
                bare.start()
                sides = {"straight": Side(ports[0]), "pass-through": Side(ports[1], bare.pid)}
                for log in (False,) if options.no_log else (True, False):
                    process, port = serve_gateway(folder, url, options.workers, log=log)
                    gateways.append(process)
                    sides["gateway" if log else "gateway, no log"] = Side(port, process.pid)
                for side in sides.values():  # modules are loaded, pools and caches are filled
                    asyncio.run(turn(side.port, min(8, max(levels)), 1, iter(range(10**6, sys.maxsize)), options.rate))
                errors = curve(sides, upstream.pid or 0, levels, options.answers, options.rate)
        finally:
            for process in gateways:
                process.terminate()
            for process in gateways:
                process.wait(10)
            for each in (bare, upstream):
                if each.pid is not None:
                    each.terminate()
                    each.join(5)
    print(f"errors: {len(errors)}{' ' + str(Counter(errors).most_common(5)) if errors else ''}")
    return int(bool(errors))


if __name__ == "__main__":
    sys.exit(main())
