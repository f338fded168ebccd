"""What instrumentation sees of the inside of a guarded call: that it happened, and not what the model said.

LlamaIndex tells every handler what its parts do, raw answers included, on two buses: the dispatcher with its events,
and the older callback managers. While a :class:`Veil` is over a piece of work, whatever the model says in it is taken
out of both before any other handler is told. A handler of ours stands first in their lists; outside a veil it does
nothing.

Spans cannot be veiled: a span handler is handed what a function returned, and nothing stands between (README).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from threading import Lock
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, TextBlock
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.instrumentation import root_manager  # type: ignore[attr-defined]  # public, but in no __all__
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.prompts.mixin import PromptMixin
from llama_index.core.schema import BaseComponent, QueryBundle
from llama_index.core.settings import Settings

HELD = "[held by guardlayer]"
"""What stands in events where the model's words would be."""

_ANSWERS = ("response", "output", "delta", "step_output")
"""Fields of LlamaIndex's events that hold what a model or engine said."""
_SAID = (EventPayload.RESPONSE, EventPayload.COMPLETION)
"""The same, of callback payloads."""
_NODES = "nodes"
"""What retrieval found, in events and payloads."""
_USAGE = ("usage", "usage_metadata")
_PARTS = 100
"""Most parts of one list that are looked into for callback managers."""

_current: ContextVar[Veil | None] = ContextVar("guardlayer_veil", default=None)
_lock = Lock()


class Veil:
    """One guarded call, seen from inside.

    Args:
        managers: Callback managers that the work inside reports to; the dispatcher is always veiled.
        counted: Whether the guarded call reports its usage itself, so that what is inside must not report it too.
        answers: Whether answers are held; so they are anyway under a veil that holds them.
        nodes: Whether retrieved nodes are held; likewise.
    """

    def __init__(
        self, *managers: CallbackManager | None, counted: bool = False, answers: bool = True, nodes: bool = False
    ) -> None:
        outer: Veil | None = _current.get()
        self._managers = managers
        self._said: list[str] = []
        self.counted = counted
        self.answers: bool = answers or (outer is not None and outer.answers)
        self.nodes: bool = nodes or (outer is not None and outer.nodes)

    @contextmanager
    def over(self) -> Iterator[None]:
        """Put the veil over a piece of work; a generator's steps are each put under it, never its waiting."""
        _stand_first(self._managers)
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def hide(self, text: str | None) -> None:
        """Take ``text`` out of whatever is reported from here on."""
        if text and text.strip() and text not in self._said:
            self._said.append(text)
            self._said.sort(key=len, reverse=True)  # a text that is part of another must not break it up

    def without(self, value: Any) -> Any:
        """Return ``value`` without what was hidden, or ``value`` itself if nothing of it is there."""
        return _without(value, self._said) if self._said else value

    def instead(self, answer: Any) -> Any:
        """Return what is reported in place of an answer."""
        match answer:
            case None:
                return None
            case ChatResponse():
                message = ChatMessage(role=answer.message.role, blocks=[TextBlock(text=HELD)])
                return ChatResponse(message=message, raw=self._usage(answer.raw))
            case CompletionResponse():
                return CompletionResponse(text=HELD, raw=self._usage(answer.raw))
            case str():
                return HELD
        if hasattr(answer, "source_nodes"):
            return Response(HELD, answer.source_nodes, getattr(answer, "metadata", None))
        return None

    def hide_answer(self, answer: Any) -> None:
        """Take what a whole answer says out of whatever is reported from here on: a part of a stream is no answer."""
        match answer:
            case ChatResponse():
                self.hide(answer.message.content)
            case CompletionResponse():
                self.hide(answer.text)
            case str():
                self.hide(answer)
            case Response():
                self.hide(answer.response)

    def held(self, name: str, value: Any, *, whole: bool) -> Any:
        """Return what is reported in place of a value of that name, and take what it says out of what comes after.

        Args:
            name: Of the field of an event, or of the key of a payload.
            value: The value.
            whole: Whether an answer is a whole one, no part of a stream.
        """
        if name in _ANSWERS and self.answers:
            if whole:
                self.hide_answer(value)
            return self.instead(value)
        if name == _NODES and self.nodes and isinstance(value, list):
            for node in value:
                content = getattr(node, "get_content", None)
                self.hide(content() if content is not None else None)
            return []
        return self.without(value)

    def _usage(self, raw: Any) -> dict[str, Any] | None:
        if self.counted:
            return None
        known = raw if isinstance(raw, Mapping) else getattr(raw, "__dict__", {})
        return next(({key: known[key]} for key in _USAGE if known.get(key)), None)


def managers_of(thing: Any, depth: int = 4) -> tuple[CallbackManager, ...]:
    """Return the callback managers that an engine or synthesizer and the parts it is made of report to."""
    found: dict[int, CallbackManager] = {}
    _find_managers(thing, depth, found, set())
    for manager in (Settings._callback_manager,):  # noqa: SLF001 - the public getter makes one where there is none
        if manager is not None:
            found[id(manager)] = manager
    return tuple(found.values())


def _find_managers(thing: Any, depth: int, found: dict[int, CallbackManager], seen: set[int]) -> None:
    if depth == 0 or id(thing) in seen:
        return
    seen.add(id(thing))
    for part in getattr(thing, "__dict__", {}).values():
        if isinstance(part, CallbackManager):
            found[id(part)] = part
        elif isinstance(part, (list, tuple)):
            for item in part[:_PARTS]:
                _find_managers(item, depth - 1, found, seen)
        elif isinstance(part, (PromptMixin, BaseComponent)):
            _find_managers(part, depth - 1, found, seen)


class _Events(BaseEventHandler):
    """Stands first in a dispatcher's handlers."""

    def handle(self, event: BaseEvent, **_: Any) -> None:
        """Take what the model said out of an event."""
        veil = _current.get()
        if veil is None:
            return
        whole = event.class_name().endswith("EndEvent")
        for name in type(event).model_fields:
            value = getattr(event, name)
            changed = veil.held(name, value, whole=whole)
            if changed is not value:
                setattr(event, name, changed)


class _Callbacks(BaseCallbackHandler):
    """Stands first in a callback manager's handlers."""

    def __init__(self) -> None:
        super().__init__([], [])

    def on_event_start(
        self,
        event_type: CBEventType,  # noqa: ARG002 - LlamaIndex's signature
        payload: dict[str, Any] | None = None,
        event_id: str = "",
        parent_id: str = "",  # noqa: ARG002 - likewise
        **_: Any,
    ) -> str:
        """Take what the model said earlier out of what it is told now."""
        veil = _current.get()
        if veil is not None and payload is not None:
            for key, value in payload.items():
                payload[key] = veil.held(_NODES, value, whole=True) if key == _NODES else veil.without(value)
        return event_id

    def on_event_end(
        self,
        event_type: CBEventType,
        payload: dict[str, Any] | None = None,
        event_id: str = "",  # noqa: ARG002 - LlamaIndex's signature
        **_: Any,
    ) -> None:
        """Take what the model said out of a payload."""
        veil = _current.get()
        if veil is None or payload is None:
            return
        for key in list(payload):
            payload[key] = veil.held(_ANSWERS[0] if key in _SAID else key, payload[key], whole=True)
        if veil.counted and event_type is CBEventType.LLM:
            payload.clear()  # the guarded model reports the call, with its usage, once

    def start_trace(self, trace_id: str | None = None) -> None:
        """Do nothing: traces carry no text."""

    def end_trace(self, trace_id: str | None = None, trace_map: dict[str, list[str]] | None = None) -> None:
        """Do nothing: traces carry no text."""


_EVENTS = _Events()
_CALLBACKS = _Callbacks()


def _stand_first(managers: tuple[CallbackManager | None, ...]) -> None:
    """Put our handlers before everybody else's, wherever somebody listens."""
    for dispatcher in list(root_manager.dispatchers.values()):
        handlers = dispatcher.event_handlers
        if handlers and handlers[0] is not _EVENTS:
            with _lock:
                dispatcher.event_handlers = [_EVENTS, *(one for one in handlers if one is not _EVENTS)]
    for manager in managers:
        if manager is not None and manager.handlers and manager.handlers[0] is not _CALLBACKS:
            with _lock:
                # In place: managers may share one list.
                manager.handlers[:] = [_CALLBACKS, *(one for one in manager.handlers if one is not _CALLBACKS)]


def _without(value: Any, said: list[str]) -> Any:
    match value:
        case str():
            for text in said:
                if text in value:
                    value = value.replace(text, HELD)
            return value
        case ChatMessage():
            blocks: list[Any] = [
                TextBlock(text=_without(block.text, said)) if isinstance(block, TextBlock) else block
                for block in value.blocks
            ]
            return value if blocks == value.blocks else value.model_copy(update={"blocks": blocks})
        case list() | tuple():
            changed = [_without(item, said) for item in value]
            same = all(a is b for a, b in zip(changed, value, strict=True))
            return value if same else changed
        case dict():
            pairs = {key: _without(item, said) for key, item in value.items()}
            return value if all(pairs[key] is value[key] for key in value) else pairs
        case QueryBundle():
            query = _without(value.query_str, said)
            return value if query == value.query_str else replace(value, query_str=query)
        case BasePromptTemplate():
            parts = {
                name: part for name in type(value).model_fields if (part := getattr(value, name, None)) is not None
            }
            changes = {name: new for name, part in parts.items() if (new := _without(part, said)) is not part}
            return value.model_copy(update=changes) if changes else value
    return value
