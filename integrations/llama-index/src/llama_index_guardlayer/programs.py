"""Structured prediction: the prompt it is asked with, and what LlamaIndex's programs made of the answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole, TextBlock
from llama_index.core.chat_engine.types import AgentChatResponse
from llama_index.core.llms.llm import LLM
from llama_index.core.prompts import BasePromptTemplate, ChatPromptTemplate
from llama_index.core.tools.types import BaseTool
from pydantic import BaseModel

from guardlayer.errors import ResponseTypeError


def told(
    prompt: BasePromptTemplate, args: dict[str, Any], feedback: str | None, llm: LLM
) -> tuple[BasePromptTemplate, dict[str, Any]]:
    """Return a prompt, and the arguments to format it with, that says ``feedback`` after all that ``prompt`` says.

    What the prompt says is passed as a value, never as a template: braces in it stay braces.

    Args:
        prompt: The prompt.
        args: Its arguments.
        feedback: What to add; ``None`` returns the prompt as it is.
        llm: The model it is for.
    """
    if feedback is None:
        return prompt, args
    values: dict[str, Any] = {}
    messages = [
        message.model_copy(update={"blocks": [_as_variable(block, values) for block in message.blocks]})
        for message in (
            *prompt.format_messages(llm=llm, **args),
            ChatMessage(role=MessageRole.USER, content=feedback),
        )
    ]
    return ChatPromptTemplate(message_templates=messages), values


@contextmanager
def wordless(output_cls: type[Any]) -> Iterator[None]:
    """Keep the model's words out of the error where its answer is no ``output_cls``: nobody has checked them.

    Raises:
        ResponseTypeError: In place of the error that LlamaIndex raises there, which quotes the answer.
    """
    try:
        yield
    except (ValueError, TypeError, LookupError) as error:
        raise ResponseTypeError(
            f"the model's answer is no {output_cls.__name__} ({type(error).__name__}); it was not checked, so its "
            "words are withheld; ask the inner model to see them"
        ) from None


def predictions(called: AgentChatResponse, tools: Sequence[BaseTool]) -> list[tuple[int, BaseModel]]:
    """Return the structured answers among what tools returned, each with its place.

    A program has the model "call" a tool whose schema is the wanted class and which returns an instance of it: what it
    returns is the model's own words. What any other tool returns is not.
    """
    schemas = {tool.metadata.name: tool.metadata.fn_schema for tool in tools}
    return [
        (place, output.raw_output)
        for place, output in enumerate(called.sources)
        if isinstance(output.raw_output, BaseModel) and type(output.raw_output) is schemas.get(output.tool_name)
    ]


def with_predictions(called: AgentChatResponse, checked: Sequence[tuple[int, BaseModel]]) -> AgentChatResponse:
    """Return a copy of what tools returned with other structured answers in their places."""
    sources, text = list(called.sources), called.response
    for place, model in checked:
        before = sources[place]
        if model is not before.raw_output:
            content = str(model)
            text = text.replace(before.content, content)
            sources[place] = before.model_copy(
                update={"raw_output": model, "blocks": [TextBlock(text=content)], "raw_input": {}}
            )
    return AgentChatResponse(response=text, sources=sources)


def _as_variable(block: Any, values: dict[str, Any]) -> Any:
    if not isinstance(block, TextBlock):
        return block
    name = f"guardlayer_{len(values)}"
    values[name] = block.text
    return TextBlock(text=f"{{{name}}}")
