"""guardlayer for Pydantic AI: the guard inside the model, as a model or as a capability of an agent."""

from pydantic_ai_guardlayer.capability import GuardCapability, guardlayer_output_validator
from pydantic_ai_guardlayer.model import GuardedModel, wrap

__all__ = ["GuardCapability", "GuardedModel", "guardlayer_output_validator", "wrap"]
