"""Secrets in what a tool has encoded, where a policy asks.

===============  ======================================================================================
``values``       values in base64, hex, percent-encoding and JSON escapes
``decoding``     reads the encodings, with the way back
``wrapped``      base64 and hexadecimal digits that are broken into lines
``transcoding``  streams in UTF-16 and UTF-32, and gzip streams
===============  ======================================================================================
"""
