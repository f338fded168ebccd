"""A guard for agents made by ``langchain.agents.create_agent``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NotRequired

from langchain.agents import AgentState
from langchain.agents.middleware import AgentMiddleware
from langchain.agents.middleware.types import ModelRequest, ModelResponse, PrivateStateAttr
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.types import Command, interrupt

from guardlayer.errors import ConfigError, InputError
from guardlayer.types import Action, Report
from guardlayer.wrapping import Answer, Asked, Call, Checker, Exchange, Options, arun, exchange, read_question, run
from langchain_guardlayer.chat_model import GuardedChatModel
from langchain_guardlayer.events import both, quietly
from langchain_guardlayer.inputs import with_evidence
from langchain_guardlayer.said import open_answer
from langchain_guardlayer.shaping import attached
from langchain_guardlayer.step import Last
from langchain_guardlayer.verdicts import EVENT, KEY, cites, verdicts

try:  # the way to write private state beside an answer is younger than the rest
    from langchain.agents.middleware.types import ExtendedModelResponse
except ImportError:  # pragma: no cover - langchain before 1.2
    ExtendedModelResponse = None  # type: ignore[assignment,misc]  # asked for None where it is needed

if TYPE_CHECKING:
    Request = ModelRequest[Any]
    Handler = Callable[[Request], ModelResponse[Any]]
    AsyncHandler = Callable[[Request], Awaitable[ModelResponse[Any]]]
else:  # in the first versions of langchain 1 it takes no parameters
    Request = ModelRequest
Review = Literal["findings", "block"] | Callable[[Report], bool]


def gather(left: list[Any] | None, right: list[Any] | None) -> list[Any]:
    """Add evidence to what this run has; ``None`` begins a run."""
    return [] if right is None else [*(left or []), *right]


class GuardState(AgentState[Any]):
    """The agent's state, with what tools returned in this run and an answer that waits for a person: both private."""

    # LangGraph takes the last annotation for the reducer.
    guard_evidence: NotRequired[Annotated[list[Any], PrivateStateAttr, gather]]
    guard_review: NotRequired[Annotated[dict[str, Any] | None, PrivateStateAttr]]


class GuardMiddleware(AgentMiddleware[GuardState, Any]):
    """Guards what an agent's model says, in every stream mode and version of events, sync and async.

    It replaces the model of each request by a :class:`GuardedChatModel`, so that what was not checked leaves no trace
    in state, streams or events. What the tools of a run returned is evidence: documents in a ``ToolMessage.artifact``
    before the text made of them. A structured response is checked field by field.

    One instance may serve many agents and runs at once. It may stand anywhere in the list: a middleware inside it that
    chooses another model, such as ``ModelFallbackMiddleware``, gets that one guarded too. A retrying middleware outside
    it calls the model again on each violation.

    Args:
        guard: What checks, usually a ``guardlayer.Guard``.
        hold: ``"sentence"`` or ``"full"``, as for :class:`GuardedChatModel`; the policy *retry* asks again in streams
            only with ``"full"``.
        raises: As for :class:`GuardedChatModel`.
        citations: As for :class:`GuardedChatModel`.
        on_report: Called with every report.
        review: Which answers a person decides about: ``"block"`` those the policy blocks, ``"findings"`` those whose
            report is not ok, or a function of the report. The run stops with an ``interrupt`` that shows the draft; it
            is resumed with ``{"decision": "approve"}`` (the draft as the model wrote it), ``{"decision": "edit",
            "text": ...}`` or ``{"decision": "reject"}`` (what the policy made of it). Needs a checkpointer and
            langchain 1.2 or later. The draft is in the interrupt and in private state, as reviewers must see it.
        name: Tells several guards of one agent apart.

    Raises:
        ConfigError: An argument is wrong.
    """

    state_schema = GuardState

    def __init__(
        self,
        *,
        guard: Any,
        hold: Literal["sentence", "full"] = "sentence",
        raises: bool | Literal["findings"] = False,
        citations: bool | None = None,
        on_report: Callable[[Report], object] | None = None,
        review: Review | None = None,
        name: str = "GuardMiddleware",
    ) -> None:
        super().__init__()
        if not isinstance(guard, Checker):
            raise ConfigError(f"guard= takes a guardlayer.Guard, not a {type(guard).__qualname__}")
        if review is not None and not (review in ("findings", "block") or callable(review)):
            raise ConfigError(f"review={review!r} is not known; write 'findings', 'block' or a function of the report")
        if review is not None and ExtendedModelResponse is None:
            raise ConfigError("review= needs langchain 1.2 or later: pip install -U langchain")
        if hold not in ("sentence", "full"):
            raise ConfigError(f"hold={hold!r} is not known; write 'sentence' or 'full'")
        self.guard = guard
        self.review = review
        self._name = name
        # What is to be reviewed is shown to nobody else before.
        self._hold: Literal["sentence", "full"] = hold if review is None else "full"
        self._raises: bool | Literal["findings"] = raises if review is None else False
        self._citations = citations
        self._on_report = on_report

    @property
    def name(self) -> str:
        """Name of the middleware in the agent's graph."""
        return self._name

    # A run ------------------------------------------------------------------------------------------------------------

    def before_agent(self, state: Any, runtime: Any) -> dict[str, Any]:  # noqa: ARG002 - LangChain's signature
        """Forget what the tools of earlier runs on this thread returned."""
        return {"guard_evidence": None, "guard_review": None}

    async def abefore_agent(self, state: Any, runtime: Any) -> dict[str, Any]:
        """Do what :meth:`before_agent` does."""
        return self.before_agent(state, runtime)

    def wrap_model_call(self, request: Request, handler: Handler) -> Any:
        """Have the model answer under guard."""
        found: list[Report] = []
        response = handler(self._guarded(request, found))
        unseen = [(m, self._flow(request, found)) for m in _unseen(response)]
        checked = [run(flow, Last(self.guard), partial(_given, m)) for m, flow in unseen]
        return self._answered(_with(response, unseen, checked), found)

    async def awrap_model_call(self, request: Request, handler: AsyncHandler) -> Any:
        """Do what :meth:`wrap_model_call` does."""
        found: list[Report] = []
        response = await handler(self._guarded(request, found))
        unseen = [(m, self._flow(request, found)) for m in _unseen(response)]
        checked = [await arun(flow, Last(self.guard), partial(_agiven, m)) for m, flow in unseen]
        return self._answered(_with(response, unseen, checked), found)

    def wrap_tool_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        """Keep what a tool returned as evidence for the answers of this run."""
        return _captured(handler(request))

    async def awrap_tool_call(self, request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        """Do what :meth:`wrap_tool_call` does."""
        return _captured(await handler(request))

    def after_model(self, state: Any, runtime: Any) -> dict[str, Any] | None:  # noqa: ARG002 - LangChain's signature
        """Ask a person about the answer, if it is one to be reviewed."""
        waiting = state.get("guard_review")
        if not waiting:
            return None
        message = next((m for m in reversed(state["messages"]) if m.id == waiting["id"]), None)
        decided = interrupt({"type": "guardlayer.review", **waiting})
        text = _decision(decided, waiting)
        update: dict[str, Any] = {"guard_review": None}
        if message is not None and text is not None:
            reviewed = {**message.response_metadata.get("guardlayer", {}), "review": decided["decision"]}
            metadata = {**message.response_metadata, "guardlayer": reviewed}
            if metadata.get("finish_reason") == "content_filter":
                metadata["finish_reason"] = "stop"
            update["messages"] = [message.model_copy(update={"content": text, "response_metadata": metadata})]
        return update

    async def aafter_model(self, state: Any, runtime: Any) -> dict[str, Any] | None:
        """Do what :meth:`after_model` does."""
        return self.after_model(state, runtime)

    # Its parts --------------------------------------------------------------------------------------------------------

    def _hearing(self, request: Request, found: list[Report]) -> Callable[[Report], None]:
        """Return what is to be done with each report on an answer."""

        def on_report(report: Report) -> None:
            found.append(report)
            writer = getattr(request.runtime, "stream_writer", None)
            if writer is not None:
                writer({EVENT: verdicts([report])})
            if self._on_report is not None:
                self._on_report(report)

        return on_report

    def _flow(self, request: Request, found: list[Report]) -> Exchange:
        """Return the check of a message that the model did not write: a middleware further in answered by itself."""
        asked = with_evidence(read_question(request.messages) or Asked(), _gathered(request))
        options = Options(raises=self._raises, on_report=self._hearing(request, found))
        cite = cites(self.guard.policy) if self._citations is None else self._citations
        return quietly(exchange(asked, options, Last(self.guard).policy, lambda m: open_answer(m, cite=cite)))

    def _guarded(self, request: Request, found: list[Report]) -> Request:
        evidence, on_report = _gathered(request), self._hearing(request, found)

        def guarded(model: Any) -> Any:
            if isinstance(model, GuardedChatModel) and model.guard is self.guard:
                own = {
                    "evidence": (*model.evidence, *evidence),
                    "on_report": both(on_report, model.on_report),
                    "shapes": {**model.shapes, **_shapes(request)},
                    "hold": model.hold if self.review is None else "full",
                }
                return model.model_copy(update=own)
            if not isinstance(model, BaseChatModel):
                raise ConfigError(
                    f"the agent's model is a {type(model).__qualname__}, which is no chat model that can be guarded; "
                    "give create_agent a chat model, and choose among several in a middleware"
                )
            return GuardedChatModel(
                inner=model,
                guard=self.guard,
                hold=self._hold,
                raises=self._raises,
                citations=self._citations,
                evidence=evidence,
                on_report=on_report,
                shapes=_shapes(request),
            )

        return _guarded_request(request, guarded)

    def _answered(self, response: Any, found: list[Report]) -> Any:
        """Return a response, with the note that a person is to review it if one is."""
        structured = getattr(response, "structured_response", None)
        if structured is not None:
            attached(structured, found)
        if self.review is None or not found or not self._wants(found[-1]):
            return response
        message = next(iter(_messages(response)), None)
        if message is None or message.tool_calls:
            return response
        report = found[-1]
        waiting = {
            "id": message.id,
            "draft": report.draft.text,
            "output": report.output,
            "question": report.draft.question,
            "record": report.record,
            "claims": [
                {
                    "text": claim.text,
                    "verdict": str(claim.verdict),
                    "reason": claim.reason,
                    "current": claim.current.text if claim.current else None,
                    "sources": list(dict.fromkeys(piece.source.id for piece in claim.evidence)),
                }
                for claim in report.claims
            ],
            "decisions": ["approve", "edit", "reject"],
        }
        command: Command[Any] = Command(update={"guard_review": waiting})
        return ExtendedModelResponse(model_response=response, command=command)

    def _wants(self, report: Report) -> bool:
        if callable(self.review):
            return bool(self.review(report))
        if self.review == "findings":
            return not report.ok
        return report.action in (Action.BLOCK, Action.RETRY)


class _GuardedRequest(Request):
    """A request whose model is guarded, also where a middleware further in overrides it by another."""

    # Not a field, so that ``replace`` leaves it alone; set on each instance.
    _guarding: ClassVar[Any] = None

    def override(self, **overrides: Any) -> Any:
        if self._guarding is not None and "model" in overrides:
            overrides["model"] = self._guarding(overrides["model"])
        changed = super().override(**overrides)
        object.__setattr__(changed, "_guarding", self._guarding)
        return changed

    def __setattr__(self, name: str, value: Any) -> None:
        if self._guarding is not None and name == "model":
            value = self._guarding(value)
        super().__setattr__(name, value)


def _guarded_request(request: Request, guarding: Callable[[Any], Any]) -> Request:
    values = {field.name: getattr(request, field.name) for field in fields(request) if field.init}
    fresh = _GuardedRequest(**{**values, "model": guarding(request.model)})
    object.__setattr__(fresh, "_guarding", guarding)  # the class warns of plain assignments
    return fresh


def _given(message: AIMessage, _: Call) -> Answer:
    return Answer((message,))


async def _agiven(message: AIMessage, _: Call) -> Answer:
    return Answer((message,))


def _gathered(request: Request) -> tuple[Any, ...]:
    """Return what the tools of this run found."""
    gathered: Any = request.state.get("guard_evidence")
    return tuple(gathered or ())


def _messages(response: Any) -> list[AIMessage]:
    result = [response] if isinstance(response, AIMessage) else response.result
    return [message for message in result if isinstance(message, AIMessage)]


def _unseen(response: Any) -> list[AIMessage]:
    """Return the messages that say something and were not checked."""
    return [m for m in _messages(response) if str(m.text).strip() and KEY not in m.response_metadata]


def _with(response: Any, unseen: list[tuple[AIMessage, Exchange]], checked: list[Answer]) -> Any:
    """Return a response with messages replaced by what was made of them."""
    if not unseen:
        return response
    new = {id(message): answer.chunks[0] for (message, _), answer in zip(unseen, checked, strict=True)}
    if isinstance(response, AIMessage):
        return new[id(response)]
    return replace(response, result=[new.get(id(message), message) for message in response.result])


def _shapes(request: Request) -> dict[str, Any]:
    """Return the schemas that give the answer its shape, by the names of their tools; under "" that of JSON."""
    wanted = request.response_format
    if wanted is None:
        return {}
    schema: Any = getattr(wanted, "schema", wanted)
    json_too = {} if isinstance(wanted, ToolStrategy) else {"": schema}
    if isinstance(wanted, ProviderStrategy):
        return json_too
    strategy = wanted if isinstance(wanted, ToolStrategy) else ToolStrategy(schema)
    return {**{spec.name: spec.schema for spec in strategy.schema_specs}, **json_too}


def _captured(result: Any) -> Any:
    """Return what a tool returned, together with the evidence in it."""
    if isinstance(result, ToolMessage):
        found = _evidence(result)
        return Command(update={"messages": [result], "guard_evidence": found}) if found else result
    if isinstance(result, Command) and isinstance(result.update, dict) and result.graph is None:
        messages = result.update.get("messages") or ()
        found = [piece for m in messages if isinstance(m, ToolMessage) for piece in _evidence(m)]
        return replace(result, update={**result.update, "guard_evidence": found}) if found else result
    return result


def _evidence(message: ToolMessage) -> list[Any]:
    """Return what a tool found: documents it kept beside its text, else the text."""
    if message.status == "error":
        return []
    artifact = message.artifact
    documents = artifact if isinstance(artifact, list | tuple) else [artifact]
    found = [document for document in documents if isinstance(document, Document)]
    text = str(message.text)
    return found or ([{"text": text, "source": message.name or "tool"}] if text.strip() else [])


def _decision(decided: Any, waiting: Mapping[str, Any]) -> str | None:
    """Return the text a person decided for, or ``None`` for what the policy made of it."""
    match decided:
        case {"decision": "approve"}:
            return str(waiting["draft"])
        case {"decision": "edit", "text": str(text)}:
            return text
        case {"decision": "reject"}:
            return None
    raise InputError(
        f"the run was resumed with {str(decided)[:80]!r}; give {{'decision': 'approve'}}, {{'decision': 'reject'}} or "
        "{'decision': 'edit', 'text': '...'}"
    )
