"""Gateways speak a system's wire protocol in between: what is judged is what the system would run.

One package a protocol. Each has a pure ``codec`` and an asyncio server around it.
"""
