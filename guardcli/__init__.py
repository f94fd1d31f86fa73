"""guard: a control point between an AI agent and the systems that it reaches.

``docs/design.md`` has the annotated tree and a reading order.
"""

__version__ = "0.1.0.dev0"
