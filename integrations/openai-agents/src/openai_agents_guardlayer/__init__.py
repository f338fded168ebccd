"""guardlayer for the OpenAI Agents SDK: the guard inside the model, and guardrails around the agent."""

from openai_agents_guardlayer.guardrails import ToolEvidence, guardlayer_output_guardrail
from openai_agents_guardlayer.model import GuardedModel, GuardedModelProvider, wrap

__all__ = ["GuardedModel", "GuardedModelProvider", "ToolEvidence", "guardlayer_output_guardrail", "wrap"]
