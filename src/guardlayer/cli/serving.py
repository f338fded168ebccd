"""``guardlayer serve`` and ``guardlayer mcp``: the guard in front of a model, and at a model's side."""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from guardlayer.cli import options
from guardlayer.cli.screen import Screen
from guardlayer.errors import ConfigError, GuardlayerError

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from guardlayer.cli.building import Wanted
    from guardlayer.gateway import Settings
    from guardlayer.guard import Guard

ENV_UPSTREAM = "GUARDLAYER_UPSTREAM"
"""Environment variable that names the upstream where ``--upstream`` is not given."""
ENV_KEY = "GUARDLAYER_UPSTREAM_KEY"
"""Environment variable that holds the upstream's key, unless ``--upstream-key-env`` names another."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    options.command(
        app,
        "guardlayer serve --upstream https://api.openai.com/v1 --knowledge acme.db",
        "guardlayer serve --upstream http://localhost:11434/v1 -k facts.csv --policy strict --hold full",
        "guardlayer serve --gateway gateway.toml --config guardlayer.toml --host 0.0.0.0 --port 8080 --workers 4",
    )(serve)
    options.command(app, "guardlayer mcp --knowledge acme.db", "guardlayer mcp -k facts.csv --sources handbook/")(mcp)


def serve(
    *,
    upstream: Annotated[
        str | None,
        typer.Option("--upstream", metavar="URL", envvar=ENV_UPSTREAM, help="Base URL of the upstream: https://host/v1."),
    ] = None,
    gateway: Annotated[
        Path | None,
        typer.Option("--gateway", metavar="FILE", help="A gateway.toml: callers with keys, their policies, bounds."),
    ] = None,
    key_env: Annotated[
        str,
        typer.Option(
            "--upstream-key-env", metavar="NAME",
            help="Environment variable with the upstream's key. Where it is unset, what the client sends is passed on.",
        ),
    ] = ENV_KEY,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on; 0: a free one.")] = 8100,
    hold: Annotated[
        str | None,
        typer.Option(
            "--hold", metavar="sentence|full",
            help="What streams hold back: a sentence at a time, or the whole answer (policy retry needs that).",
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=256, help="Processes that share the port: one for each core to use.")
    ] = 1,
    knowledge: options.KnowledgeMany = [],  # noqa: B006 - typer copies it
    sources: options.Sources = [],  # noqa: B006 - typer copies it
    policy: options.Policy = None,
    config: options.Config = None,
    log: options.LogOption = None,
    no_log: options.NoLog = False,
    json: options.Json = False,
) -> None:  # fmt: skip
    """Stand between OpenAI clients and a model: what it writes is checked before a client sees it.

    Clients need one change, their base URL. Served are /v1/chat/completions, /v1/responses, /v1/models, /v1/checks and
    LiteLLM's guardrail endpoint; what would lead around the guard is refused (501). It stops on SIGINT or SIGTERM, when
    the answers in flight are complete.

    Needs the extra gateway of guardlayer-facts.
    """
    from guardlayer.cli.building import Wanted
    from guardlayer.gateway import missing

    screen = Screen.of(json=json)
    given = _Given(
        upstream, gateway, os.environ.get(key_env) or None, hold,
        Wanted(knowledge, sources, policy, config, log, no_log),
    )  # fmt: skip
    app, settings, guard = given.built(screen)
    try:
        import uvicorn  # noqa: F401 - what is missing is said before anything is served
    except ModuleNotFoundError as error:
        raise ConfigError(missing(error)) from error
    listening = _listen(host, port)
    address = listening.getsockname()
    url = f"http://{f'[{address[0]}]' if ':' in address[0] else address[0]}:{address[1]}"
    if settings.default is not None and settings.upstream_key is not None and not _is_loopback(address[0]):
        screen.note("whoever reaches this address uses the upstream's key; name callers in --gateway to ask for theirs")
    screen.data({"url": url, "upstream": settings.upstream, "policy": str(guard.policy)})
    screen.note(f"listening on {url}, in front of {settings.upstream}, policy {guard.policy}")
    sys.stdout.flush()
    if workers == 1:
        _serve(app, listening)
    else:
        _share(given, listening, workers)


@dataclass(frozen=True, slots=True)
class _Given:
    """What a gateway is built from; each process builds its own."""

    upstream: str | None
    gateway: Path | None
    key: str | None = field(repr=False)
    hold: str | None
    wanted: Wanted

    def built(self, screen: Screen) -> tuple[Starlette, Settings, Guard]:
        """Return the application, its settings and its guard."""
        from guardlayer.cli.building import build
        from guardlayer.gateway import create_app

        settings = _settings(self.upstream, self.gateway, self.key, self.hold)
        guard = build(self.wanted, screen)
        return create_app(guard, settings), settings, guard


def _serve(app: Starlette, listening: socket.socket) -> None:
    """Serve until a signal ends it."""
    import uvicorn

    _log_to_stderr()
    _settle()
    uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="on",
            ws="none",
            timeout_graceful_shutdown=30,
            # Longer than clients keep idle connections, so that none sends a request into one that is being closed.
            timeout_keep_alive=75,
        )
    ).run(sockets=[listening])


def _work(given: _Given, listening: socket.socket) -> None:
    """Be one of several processes that take connections from one socket."""
    _serve(given.built(Screen.of(json=True))[0], listening)


def _share(given: _Given, listening: socket.socket, workers: int) -> None:
    """Serve with several processes until a signal ends them all, or one of them ends by itself."""
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_work, args=(given, listening)) for _ in range(workers)]
    told: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda received, _: told.append(received))
    for process in processes:
        process.start()
    try:
        while not told and all(process.is_alive() for process in processes):
            wait([process.sentinel for process in processes], timeout=0.5)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()
    if not told:
        raise GuardlayerError("a process of the gateway ended by itself, so all were ended; its last lines say why")


def mcp(
    *,
    knowledge: options.KnowledgeMany = [],  # noqa: B006 - typer copies it
    sources: options.Sources = [],  # noqa: B006 - typer copies it
    policy: options.Policy = None,
    config: options.Config = None,
    log: options.LogOption = None,
    no_log: options.NoLog = False,
) -> None:
    """Serve the guard to a model's host over MCP, on stdin and stdout: verify_claim, search_facts, why.

    Nothing but the protocol is on stdout. Needs the extra mcp of guardlayer-facts.
    """
    from guardlayer.cli.building import Wanted, build
    from guardlayer.gateway import mcp_server

    screen = Screen.of(json=True)
    mcp_server.build(build(Wanted(knowledge, sources, policy, config, log, no_log), screen)).run("stdio")


def _settings(upstream: str | None, file: Path | None, key: str | None, hold: str | None) -> Settings:
    from guardlayer.gateway import Caller, Settings
    from guardlayer.gateway.settings import read_toml

    given = {name: value for name, value in (("upstream", upstream), ("upstream_key", key)) if value is not None}
    if file is not None:
        if hold is not None:
            raise ConfigError("--hold and --gateway do not go together; write hold = … into the file")
        return read_toml(file, environment=os.environ, **given)
    if upstream is None:
        raise ConfigError("no upstream is named; give --upstream URL, or set GUARDLAYER_UPSTREAM")
    rules = {} if hold is None else {"hold": hold}
    return Settings(**given, default=Caller(**rules))  # type: ignore[arg-type]  # Caller and Settings check what they get


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise ConfigError(f"cannot listen on {host} port {port}: {error}; choose another --host or --port") from error


def _is_loopback(address: str) -> bool:
    return address == "::1" or address.startswith("127.")


def _settle() -> None:
    """Set the interpreter up for many short answers at once, so that none waits for what concerns no one of them."""
    # What is loaded by now stays: no collection has to look through it while answers wait.
    gc.collect()
    gc.freeze()
    # A record is written in a thread, which gives up the interpreter at each step of the database and must get it back
    # from a busy event loop: by default after 5 ms.
    sys.setswitchinterval(0.0005)


def _log_to_stderr() -> None:
    """Show what the gateway logs: one line a request, without bodies, queries or keys."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("guardlayer")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
