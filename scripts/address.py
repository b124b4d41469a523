"""The project's public addresses, from `[tool.addresses]` in pyproject.toml: empty until there are any.

The build of the package and that of the site both take them from here.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOT = Path(__file__).parents[1]


def addresses() -> dict[str, str]:
    """`site` and `repository`, without a slash at the end; only those that are set."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    given: dict[str, str] = tomllib.loads(text)["tool"]["addresses"]
    return {name: value.rstrip("/") for name, value in given.items() if value}


def project_urls(given: dict[str, str]) -> dict[str, str]:
    """`project.urls` of the package."""
    urls: dict[str, str] = {}
    if site := given.get("site"):
        urls["Documentation"] = site
    if repository := given.get("repository"):
        urls["Repository"] = repository
        urls["Changelog"] = f"{repository}/blob/main/CHANGELOG.md"
    return urls


def absolute(readme: str, given: dict[str, str]) -> str:
    """README with links that work outside of the repository, where its address is known."""
    repository = given.get("repository")
    if not repository:
        return readme

    def link(found: re.Match[str]) -> str:
        kind = "raw" if found[1] == "!" else "blob"
        return f"{found[1]}[{found[2]}]({repository}/{kind}/main/{found[3]})"

    return re.sub(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)]+)\)", link, readme)


class CustomMetadataHook(MetadataHookInterface):
    """hatchling calls this when it builds the package."""

    def update(self, metadata: dict[str, Any]) -> None:
        given = addresses()
        metadata["urls"] = project_urls(given)
        text = absolute((ROOT / "README.md").read_text("utf-8"), given)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def on_config(config: Any) -> None:
    """mkdocs calls this with its configuration."""
    given = addresses()
    config.site_url = f"{given['site']}/" if "site" in given else config.site_url
    config.repo_url = given.get("repository", config.repo_url)
