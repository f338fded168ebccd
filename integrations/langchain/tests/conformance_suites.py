"""LangChain's own suites, each run twice: on a part as it is, and on the same part under guard.

Not collected by itself: ``test_langchain_conformance.py`` runs it and compares the outcomes test by test.
"""

import json
import re
from typing import Any, ClassVar

import pytest
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, ToolMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.retrievers import BaseRetriever
from langchain_core.tools import create_retriever_tool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_tests.integration_tests import ChatModelIntegrationTests, RetrieversIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests, ToolsUnitTests
from pydantic import ConfigDict, Field

from guardlayer import Guard, Knowledge
from langchain_guardlayer import GuardedChatModel, GuardRetriever

VALUES = {"integer": 3, "string": "text", "number": 1.0, "boolean": True, "array": [], "object": {}}


class Obliging(BaseChatModel):
    """A model that calls the first tool it is given with arguments that fit, and else says something agreeable."""

    model_name: str = Field(default="obliging-1", alias="model")
    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float | None = None
    stop: list[str] | None = None
    max_retries: int = 2
    api_key: str = "x"
    model_config = ConfigDict(populate_by_name=True)

    @property
    def _llm_type(self) -> str:
        return "obliging"

    def _get_ls_params(self, stop=None, **kwargs):
        return {
            "ls_provider": "obliging",
            "ls_model_name": kwargs.get("model", self.model_name),
            "ls_model_type": "chat",
            "ls_temperature": self.temperature,
            "ls_max_tokens": self.max_tokens,
            "ls_stop": stop or self.stop,
        }

    def bind_tools(self, tools, *, tool_choice=None, **kwargs):
        choice = {"tool_choice": tool_choice} if tool_choice else {}
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **choice, **kwargs)

    def _answer(self, messages, stop, kwargs) -> AIMessage:
        calls = []
        tools = kwargs.get("tools")
        if tools and not isinstance(messages[-1], ToolMessage):
            function = tools[0]["function"]
            properties = function["parameters"].get("properties", {})
            arguments = {
                name: 3 if name in ("a", "b", "x") else VALUES.get(about.get("type", "string"), "text")
                for name, about in properties.items()
            }
            named = re.search(r"[\u4e00-\u9fff]+", str(messages[-1].content))
            if named:
                arguments = {name: named[0] if value == "text" else value for name, value in arguments.items()}
            if function["name"] == "get_weather":
                arguments = {"location": "San Francisco"}
            calls = [{"name": function["name"], "args": arguments, "id": "call_1", "type": "tool_call"}]
        text = "" if calls else "Hello" if stop else "Hello there. I am glad to help. Is there anything else?"
        metadata = {"model_name": kwargs.get("model", self.model_name), "model_provider": "obliging"}
        usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
        return AIMessage(text, tool_calls=calls, usage_metadata=usage, response_metadata=metadata)

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages, stop, kwargs))])

    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        said = self._answer(messages, stop, kwargs)
        for number, word in enumerate(re.findall(r"\S+\s*", said.text) or [""]):
            first = {
                "usage_metadata": {"input_tokens": 10, "output_tokens": 0, "total_tokens": 10},
                "response_metadata": said.response_metadata,
            }
            yield ChatGenerationChunk(message=AIMessageChunk(content=word, **({} if number else first)))
        for number, call in enumerate(said.tool_calls):
            piece = tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=number)
            yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[piece]))
        last = {"input_tokens": 0, "output_tokens": 5, "total_tokens": 5}
        yield ChatGenerationChunk(message=AIMessageChunk(content="", usage_metadata=last, chunk_position="last"))


class Shelf(BaseRetriever):
    """A retriever of three documents."""

    k: int = 3

    def _get_relevant_documents(self, query: str, *, run_manager: Any, k: int | None = None) -> list[Document]:
        return [Document(f"Document {number}.") for number in range(1, 4)][: k or self.k]


GUARD = Guard(knowledge=Knowledge.open(":memory:"), log=None)


class Model:
    has_tool_calling = True
    supports_json_mode = False
    supports_model_override = True
    model_override_value = "obliging-2"
    enable_vcr_tests = False


class Guarded(Model):
    chat_model_class = GuardedChatModel

    @property
    def chat_model_params(self):
        return {"inner": Obliging(), "guard": GUARD}

    @pytest.fixture
    def model(self, request):
        extra = getattr(request, "param", None) or {}
        return GuardedChatModel(inner=Obliging(**self.standard_chat_model_params, **extra), guard=GUARD)


class TestBareUnit(Model, ChatModelUnitTests):
    chat_model_class = Obliging


class TestGuardedUnit(Guarded, ChatModelUnitTests):
    pass


class TestBareIntegration(Model, ChatModelIntegrationTests):
    chat_model_class = Obliging


class TestGuardedIntegration(Guarded, ChatModelIntegrationTests):
    pass


class TestBareRetriever(RetrieversIntegrationTests):
    retriever_constructor = Shelf
    retriever_query_example = "anything"
    retriever_constructor_params: ClassVar[dict[str, Any]] = {}


class TestGuardedRetriever(RetrieversIntegrationTests):
    retriever_query_example = "anything"
    retriever_constructor_params: ClassVar[dict[str, Any]] = {}

    @property
    def retriever_constructor(self):
        return lambda **given: GuardRetriever(inner=Shelf(**given), guard=GUARD)


def tool_of(retriever):
    return create_retriever_tool(retriever, "shelf", "Look something up.", response_format="content_and_artifact")


class TestBareTool(ToolsUnitTests):
    tool_constructor = tool_of(Shelf())
    tool_invoke_params_example: ClassVar[dict[str, Any]] = {"query": "anything"}


class TestGuardedTool(ToolsUnitTests):
    tool_constructor = tool_of(GuardRetriever(inner=Shelf(), guard=GUARD))
    tool_invoke_params_example: ClassVar[dict[str, Any]] = {"query": "anything"}
