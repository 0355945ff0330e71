"""A page as a reader without eyes meets it: headings, tables by caption, figures, and every attribute."""

from __future__ import annotations

import html.parser
import re

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(html.parser.HTMLParser):
    """A parsed page; fails on a tag that is closed in the wrong place.

    Attributes:
        html: The text.
        text: What is shown.
        tags: Tags in order.
        attributes: Name and value of every attribute.
        headings: Level and words.
        tables: By caption: heads, and rows of cells, the folded ones last.
        figures: SVG texts.
    """

    def __init__(self, text):
        super().__init__()
        self.html, self.text = text, ""
        self.tags, self.attributes, self.headings, self.tables = [], [], [], {}
        self.figures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
        self._open, self._words, self._rows = [], "", None
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)
        self._words = ""
        if tag == "table":
            self._rows = self.tables.setdefault(dict(attrs)["aria-label"], [])
            self._first = len(self._rows)
        if tag == "tr":
            self._rows.append([])

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self._open.pop() == tag
        if tag in {"td", "th"}:
            self._rows[-1].append(self._words)
        if tag == "thead" and self._first:
            self._rows.pop()  # the heads of the folded rows, once more
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append((int(tag[1]), self._words))

    def handle_data(self, data):
        self._words += data
        if "style" not in self._open:
            self.text += data

    def section(self, name):
        """HTML of one section."""
        start = self.html.index(f'<section id="{name}"')
        return self.html[start : self.html.index("</section>", start)]

    def column(self, caption, head, keys=()):
        """Cells of a column by those of the columns ``keys``; the caption may be its beginning only."""
        (rows,) = [rows for name, rows in self.tables.items() if name.startswith(caption)]
        heads = rows[0]
        places = [heads.index(key) for key in keys]
        found = {tuple(row[place] for place in places): row[heads.index(head)] for row in rows[1:]}
        assert len(found) == len(rows) - 1, "the keys must name every row once"
        return found
