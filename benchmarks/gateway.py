"""What the gateway costs: streams through it against the bare upstream, in one run on this machine.

    python benchmarks/gateway.py [--requests 1000] [--streams 64]

Three processes on the loopback interface: a fake upstream, the gateway before it, and this client, which keeps
``--streams`` streams of behavior-only text open at once, in turns of the bare upstream and of the gateway. The upstream
writes 12 characters every 50 ms, about 60 tokens a second a stream. Overhead is the difference of the same percentile
of the time to the end of the answer. It means something where each of the three processes has a core to itself; where
they share, it mostly says how long they waited for one another, so the CPU time of the gateway is printed beside it.
Exit code 1 if a request fails; a target that is missed is said, and is no failure of the program.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import socket
import sys
import time
from dataclasses import dataclass
from typing import Any

import httpx

TEXT = (
    "Thanks for reaching out! I am happy to help you with that. Let me know if you would like me to go on. "
    "Please take your time, there is no hurry at all. I hope this helps. Shall we look at it together? "
    "Feel free to ask me anything else. I will gladly try another way. You are doing great, keep going! "
    "Let me know how it goes. Have a lovely day!"
)
"""Nothing here states a fact: greetings, offers, wishes."""
PIECE, DELAY = 12, 0.05
SECONDS = DELAY * len(TEXT) / PIECE
"""How long the upstream writes at one answer."""
TURN = 5
"""Answers that each stream reads from one side before it is the other's turn."""
TARGETS = {50: 5.0, 99: 25.0}
"""Milliseconds that the gateway may add, by percentile."""


@dataclass(frozen=True, slots=True)
class Taken:
    """How long one request took, in seconds; ``error`` says what went wrong."""

    first: float
    last: float
    error: str | None = None


def serve_upstream(listening: socket.socket) -> None:
    """Serve the fake upstream."""
    import uvicorn

    from guardlayer.gateway.fakes import FakeUpstream

    app = FakeUpstream(TEXT, piece=PIECE, delay=DELAY).app
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listening])


def serve_gateway(listening: socket.socket, upstream: str) -> None:
    """Serve the gateway."""
    import uvicorn

    from guardlayer import Guard, Knowledge
    from guardlayer.gateway import Settings, create_app

    kb = Knowledge.open(":memory:")
    kb.add("Acme", "list price", "$49", source="price list 2026")
    app = create_app(Guard(knowledge=kb, log=None), Settings(upstream=upstream))
    uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False)).run(sockets=[listening])


async def ask(client: httpx.AsyncClient, url: str) -> Taken:
    """Read one stream to its end."""
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hello!"}]}
    start = time.perf_counter()
    first = 0.0
    seen = bytearray()
    try:
        async with client.stream("POST", f"{url}/chat/completions", json=body) as response:
            if response.status_code != 200:
                return Taken(0, 0, f"status {response.status_code}")
            async for chunk in response.aiter_bytes():
                seen += chunk
                if not first and b'"content":"T' in seen:
                    first = time.perf_counter() - start
    except httpx.HTTPError as error:
        return Taken(0, 0, type(error).__name__)
    whole = seen.endswith(b"data: [DONE]\n\n") and b"lovely day!" in seen.replace(b'"}', b"")
    return Taken(
        first, time.perf_counter() - start, None if seen.endswith(b"data: [DONE]\n\n") and first else f"cut: {whole}"
    )


async def measure(urls: dict[str, str], requests: int, streams: int) -> dict[str, list[Taken]]:
    """Send requests to each, in turns, so that both meet the same machine."""
    taken: dict[str, list[Taken]] = {name: [] for name in urls}
    # Shorter than a server keeps idle connections open: a request on one that is being closed would fail.
    limits = httpx.Limits(max_connections=2 * streams, max_keepalive_connections=2 * streams, keepalive_expiry=2)
    async with httpx.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:
        for url in urls.values():  # modules are loaded
            await asyncio.gather(*(ask(client, url) for _ in range(streams)))
        done = 0
        while done < requests:
            turn = min(TURN * streams, requests - done)
            for name, url in urls.items():
                shares = [turn // streams + (number < turn % streams) for number in range(streams)]
                stream = (one_stream(client, url, number / streams, share) for number, share in enumerate(shares))
                for found in await asyncio.gather(*stream):
                    taken[name] += found
            done += turn
            print(f"  {done:,} of {requests:,}", file=sys.stderr, flush=True)
    return taken


async def one_stream(client: httpx.AsyncClient, url: str, phase: float, count: int) -> list[Taken]:
    """Ask one time after another; streams begin spread over the length of an answer, as they would by themselves."""
    await asyncio.sleep(SECONDS * phase)
    return [await ask(client, url) for _ in range(count)]


def cpu_of(pid: int | None) -> float:
    """Return the CPU seconds that a process has used, or 0 where the system does not say."""
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123 - no file, a question to the kernel
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def percentile(values: list[float], share: int) -> float:
    """Return a percentile, nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * share // 100) - 1))]


def main() -> int:
    """Run it, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=640, help="through the gateway; as many go to the upstream")
    parser.add_argument("--streams", type=int, default=64, help="open at once")
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    sockets = [socket.create_server(("127.0.0.1", 0), backlog=512) for _ in range(2)]
    upstream, gateway = (f"http://127.0.0.1:{each.getsockname()[1]}/v1" for each in sockets)
    processes = [
        spawn.Process(target=serve_upstream, args=(sockets[0],), daemon=True),
        spawn.Process(target=serve_gateway, args=(sockets[1], upstream), daemon=True),
    ]
    for process in processes:
        process.start()
    try:
        for url in (upstream, gateway):
            wait(url)
        begun = cpu_of(processes[1].pid)
        taken = asyncio.run(measure({"upstream": upstream, "gateway": gateway}, options.requests, options.streams))
        cpu = (cpu_of(processes[1].pid) - begun) / (options.requests + options.streams)
    finally:
        for process in processes:
            process.terminate()
            process.join(5)
    return report(taken, options, cpu)


def wait(url: str, seconds: float = 20) -> None:
    """Wait until a server answers."""
    end = time.monotonic() + seconds
    while True:
        try:
            httpx.get(f"{url}/models", timeout=5, trust_env=False).raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def report(taken: dict[str, list[Taken]], options: Any, cpu: float) -> int:
    """Print the figures, and return the exit code."""
    errors = [one.error for each in taken.values() for one in each if one.error]
    load = os.getloadavg()[0]
    print(f"{options.requests:,} requests each way, {options.streams} streams at once, {SECONDS:.1f} s each")
    print(f"{os.cpu_count()} cores, load {load:.1f}; the gateway used {1000 * cpu:.1f} ms of CPU a request")
    print(f"errors: {len(errors)}{'' if not errors else ' ' + str(sorted(set(errors))[:5])}")
    print(f"{'milliseconds':28}{'upstream':>10}{'gateway':>10}{'overhead':>10}{'target':>8}")
    for what in ("first", "last"):
        for share, target in TARGETS.items():
            bare, through = (
                1000 * percentile([getattr(one, what) for one in taken[name] if not one.error] or [0.0], share)
                for name in ("upstream", "gateway")
            )
            name = f"{'first text' if what == 'first' else 'whole answer'}, p{share}"
            # A first text comes a sentence later by design; only the whole answer is held to the target.
            held = what == "last"
            missed = held and through - bare > target
            shown = f"{target:8.0f}{'  NOT REACHED' if missed else ''}" if held else f"{'':>8}"
            print(f"{name:28}{bare:10.1f}{through:10.1f}{through - bare:10.1f}{shown}")
    return int(bool(errors))


if __name__ == "__main__":
    sys.exit(main())
