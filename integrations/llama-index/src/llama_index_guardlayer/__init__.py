"""guardlayer for LlamaIndex."""
