"""Text that is checked while it is written, and shown sentence by sentence as it is verified.

    chunks ─segments─▶ what is certainly closed ─pipeline.examine─▶ report on the part ─releases─▶ text to show
                                                                    └─composing─▶ one report, recorded once

``reading`` is what the splitter sees of a part; ``driving`` is ``Guard.stream`` and ``Guard.astream``.
"""

from guardlayer.streaming.driving import astream, stream
from guardlayer.streaming.releases import Citation, Release, citations
from guardlayer.streaming.session import Hold, Session

__all__ = ["Citation", "Hold", "Release", "Session", "astream", "citations", "stream"]
