"""Claims: from what a model wrote to self-contained statements with exact offsets."""

from guardlayer.claims.splitter import TextSplitter

__all__ = ["TextSplitter"]
