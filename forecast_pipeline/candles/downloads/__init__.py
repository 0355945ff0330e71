"""Downloaders: bodies of a vendor's server into a cache, then vendor files ready to ingest.

What belongs here: requests, retries, the cache and how bodies are bundled. What does not:
reading formats (``vendors``) and judging rows.
"""
