"""guardlayer for LangChain."""
