"""A prompt with something added to it, whatever it is made of."""

from __future__ import annotations

from typing import Any

from llama_index.core.base.llms.types import ChatMessage, MessageRole, TextBlock
from llama_index.core.llms.llm import LLM
from llama_index.core.prompts import BasePromptTemplate, ChatPromptTemplate


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


def _as_variable(block: Any, values: dict[str, Any]) -> Any:
    if not isinstance(block, TextBlock):
        return block
    name = f"guardlayer_{len(values)}"
    values[name] = block.text
    return TextBlock(text=f"{{{name}}}")
