"""The site's pictures and titles."""

from __future__ import annotations

import html
import re
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from .pages import ROOT, script

ASSETS = ROOT / "docs" / "assets"


@pytest.mark.parametrize("path", sorted(ASSETS.glob("*.svg")), ids=lambda path: path.name)
def test_a_picture_fetches_nothing(path: Any) -> None:
    assert not re.search(r"url\(['\"]?http|href=['\"]http|@import", path.read_text("utf-8"))


def test_the_picture_of_the_demo_shows_what_it_ends_with_and_wraps_no_version() -> None:
    lines: dict[str, str] = {}
    svg = (ASSETS / "demo.svg").read_text("utf-8")
    for row, text in re.findall(r'<text [^>]*y="([\d.]+)"[^>]*>([^<]*)</text>', svg):
        lines[row] = lines.get(row, "") + html.unescape(text).replace("\xa0", " ")
    shown = "\n".join(lines.values())
    assert len(re.findall(r"└── churn.*ACTIVE.*\dZ", shown)) == 3
    assert "... 40 in all" in shown
    assert "\x1b" not in shown


def test_no_two_pages_have_one_title_in_the_same_menu() -> None:
    """The browser's tab shows a page's title with that of its top menu."""
    text = (ROOT / "mkdocs.yml").read_text("utf-8")
    nav = yaml.safe_load(text[text.index("\nnav:") :])["nav"]
    titles: list[str] = []

    def collect(entries: Any, top: str) -> None:
        for entry in entries:
            if isinstance(entry, dict):
                ((title, inner),) = entry.items()
                if isinstance(inner, str):
                    titles.append(f"{title} · {top}")
                else:
                    collect(inner, top or title)

    collect(nav, "")
    twice = {title: count for title, count in Counter(titles).items() if count > 1}
    assert not twice
    assert len(titles) > 60


def test_without_addresses_nothing_is_invented() -> None:
    address = script("address")
    assert address.project_urls({}) == {}
    readme = (ROOT / "README.md").read_text("utf-8")
    assert address.absolute(readme, {}) == readme


def test_addresses_reach_the_package_the_readme_and_the_site() -> None:
    address = script("address")
    given = {"site": "https://docs.example", "repository": "https://code.example/crml"}
    assert address.project_urls(given) == {
        "Documentation": "https://docs.example",
        "Repository": "https://code.example/crml",
        "Changelog": "https://code.example/crml/blob/main/CHANGELOG.md",
    }
    readme = address.absolute((ROOT / "README.md").read_text("utf-8"), given)
    assert "](https://code.example/crml/raw/main/docs/assets/demo.svg)" in readme
    assert not re.search(r"\]\((?!https?:|#)", readme)
    address.addresses = lambda: given
    config = SimpleNamespace(site_url=None, repo_url=None)
    address.on_config(config)
    assert vars(config) == {"site_url": "https://docs.example/", "repo_url": given["repository"]}
