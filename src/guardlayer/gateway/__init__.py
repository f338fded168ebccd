"""The gateway: an OpenAI-compatible proxy in which nothing a model writes reaches a client unchecked.

    settings ─▶ which upstream, which caller under which rules
    app ─▶ routes, who may call them, and what they may never reach
    asking ─▶ what was asked: question, earlier turns, evidence from tools
    chat, responses ─▶ answers in one piece;  chat_stream, responses_stream ─▶ answers sentence by sentence
    verdicts ─▶ what a client is told of the check: headers, the ``guardlayer`` field, citations
    upstream, sse ─▶ the wire

It needs the extra ``gateway`` (Starlette, uvicorn, httpx over aiohttp), and nothing else in guardlayer imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from guardlayer.errors import ConfigError
from guardlayer.gateway.settings import Caller, Settings

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from guardlayer.guard import Guard

__all__ = ["Caller", "Settings", "create_app"]


def create_app(guard: Guard, settings: Settings, *, transport: Any = None) -> Starlette:
    """Return the gateway as an ASGI application.

    Args:
        guard: Checks what the upstream answers. Callers may have guards and policies of their own.
        settings: Where the upstream is, who may call, and the bounds.
        transport: An ``httpx.AsyncBaseTransport`` in place of the network, for tests.

    Raises:
        ConfigError: The extra ``gateway`` is not installed.
    """
    try:
        from guardlayer.gateway.app import build
    except ModuleNotFoundError as error:
        raise ConfigError(missing(error)) from error
    return build(guard, settings, transport=transport)


def missing(error: ModuleNotFoundError) -> str:
    """Return what to say where a package of the extra is not installed."""
    return f"the gateway needs {error.name}; install it with: pip install 'guardlayer-facts[gateway]'"
