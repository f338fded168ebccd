"""The evidence room: whatever came with the call or comes from the user's retrievers, as :class:`Evidence`."""

from guardlayer.evidence.authorities import RetrieverAuthority, as_authority
from guardlayer.evidence.call import CallEvidence
from guardlayer.evidence.coercion import coerce

__all__ = ["CallEvidence", "RetrieverAuthority", "as_authority", "coerce"]
