"""Titles that tell pages apart in browser tabs and in the search.

There is a page `Trained models` for what one can do with them, and one for their shapes. Tabs and
search results therefore say `Trained models · Resources` and `Trained models · Reference`, with the
title of the top menu. The menus keep the short titles.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def full_title(page: Any) -> str:
    """The title of a page with that of the top menu it is in, unless it says the same."""
    top = page.ancestors[-1].title if page.ancestors else page.title
    return page.title if top.lower() in page.title.lower() else f"{page.title} · {top}"


def on_page_markdown(_: str, *, page: Any, config: Any, **__: Any) -> None:
    """mkdocs calls this with each page. The theme shows `title` in the browser's tab."""
    title = full_title(page)
    config.extra.setdefault("full_titles", {})[page.url] = title
    if not page.is_homepage:
        page.meta.setdefault("title", title)


def on_post_build(*, config: Any, **_: Any) -> None:
    """mkdocs calls this at the end, when the search has written its index."""
    index = Path(config.site_dir, "search", "search_index.json")
    found = json.loads(index.read_text("utf-8"))
    for entry in found["docs"]:
        entry["title"] = config.extra["full_titles"].get(entry["location"], entry["title"])
    index.write_text(json.dumps(found, separators=(",", ":")), "utf-8")
