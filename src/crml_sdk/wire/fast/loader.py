"""botocore's data files, read quickly.

Most of what opening a client costs is the reading of data: botocore walks over the folders of all
services to learn that there is one of this name, and decodes 1.2 MB of endpoints with the standard
library. Both go through a component that can be registered, `data_loader`; this one looks for the
service asked for and nothing else, and decodes with Pydantic's parser, which is loaded anyway.
"""

# botocore and aiobotocore come without types.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import DataNotFoundError
from botocore.loaders import create_loader
from pydantic_core import from_json

if TYPE_CHECKING:  # they come without types
    from typing import Any as JSONFileLoader
    from typing import Any as Loader
else:
    from botocore.loaders import JSONFileLoader, Loader

KEPT: Final = ("cleanrooms", "cleanrooms-ml", "sts", "portal.sso", "oidc", "signin")
"""Endpoint prefixes that the SDK's session may resolve: the services, and those that give credentials."""


class QuickFiles(JSONFileLoader):
    """Reads one file. Members come as plain dicts, in the order of the file."""

    def _load_file(self, full_path: str, open_method: Any) -> Any:
        try:
            with open_method(full_path, "rb") as file:
                content: bytes = file.read()
            return decoded(content, os.path.basename(full_path).startswith("endpoints.json"))
        except (OSError, ValueError):  # not there, or JSON that only botocore reads
            return super()._load_file(full_path, open_method)


def decoded(content: bytes, of_endpoints: bool) -> Any:
    """The data of a file.

    Args:
        content: Its bytes.
        of_endpoints: Whether it lists the endpoints of all services, of which six are kept.
    """
    if of_endpoints:
        try:
            return from_json(shortened(content))
        except ValueError:  # not laid out as it used to be
            pass
    return from_json(content)


def shortened(content: bytes) -> bytes:
    """The file of all endpoints with the services of `KEPT` alone, cut out along its indentation.

    Raises:
        ValueError: When it is not indented as it used to be.
    """
    begin = b'\n    "services" : {'
    names = b"|".join(re.escape(name.encode()) for name in KEPT)
    service = re.compile(rb'\n      "(?:' + names + rb')" : \{')
    first, *pieces = content.split(begin)
    parts = [first]
    for piece in pieces:
        # A piece goes from one partition's services to the next one's.
        end = piece.rindex(b"\n    }\n  }")
        starts = [found.start() for found in service.finditer(piece, 0, end)]
        kept = [piece[start : piece.index(b"\n      }", start) + 8] for start in starts]
        parts.append(b",".join(kept) + piece[end:])
    return begin.join(parts)


class QuickLoader(Loader):
    """Finds a service's data without listing every service first."""

    def __init__(self, search_paths: list[str]) -> None:
        super().__init__(search_paths, QuickFiles(), include_default_search_paths=False)

    def load_service_model(
        self, service_name: str, type_name: str, api_version: str | None = None
    ) -> Any:
        try:
            version = api_version or self.determine_latest_version(service_name, type_name)
            model = self.load_data(os.path.join(service_name, version, type_name))
        except DataNotFoundError:
            # botocore's error lists the services there are.
            return super().load_service_model(service_name, type_name, api_version)
        extras = self._find_extras(service_name, type_name, version)
        self._extras_processor.process(model, extras)
        return model


def register_loader(session: Any) -> None:
    """Give the quick loader to a session that the SDK made; it searches the same paths as botocore's."""

    def make_loader() -> QuickLoader:
        return QuickLoader(create_loader(session.get_config_variable("data_path")).search_paths)

    session.lazy_register_component("data_loader", make_loader)
