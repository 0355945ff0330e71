"""The sections of the page, one module each: from numbers to the blocks that its template places.

A section decides what is shown and says what it means; it computes no score and writes no HTML.
"""
