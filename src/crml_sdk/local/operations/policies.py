"""Resource policies of configured audience models: whether they are valid, and whom they allow.

A small part of the policy language, enough for what is shared between two accounts: Allow and
Deny, principals, actions and resources with wildcards, and `StringEquals` / `StringLike`
conditions. A condition that this does not know never matches an Allow and always matches a Deny.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, cast

from ..service.failures import Invalid
from ..service.schema import JsonObject


def check(text: str) -> None:
    """Raises `Invalid` unless the text is a policy with at least one statement."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid("Value at 'configuredAudienceModelPolicy' is not valid JSON") from None
    statements = _statements(document)
    if not statements:
        raise Invalid("Value at 'configuredAudienceModelPolicy' has no Statement")
    for statement in statements:
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise Invalid("Value at 'configuredAudienceModelPolicy': Effect must be Allow or Deny")
        for part in ("Principal", "Action"):
            if part not in statement:
                raise Invalid(
                    f"Value at 'configuredAudienceModelPolicy': a statement has no {part}"
                )


def allows(text: str, account: str, action: str, resource: str, context: Mapping[str, str]) -> bool:
    """True if the policy lets an account do an action (such as `GetConfiguredAudienceModel`)."""
    allowed = False
    for statement in _statements(json.loads(text)):
        denies = statement.get("Effect") == "Deny"
        if not (
            _is_for(statement.get("Principal"), account)
            and _any(statement.get("Action"), f"cleanrooms-ml:{action}")
            and _any(statement.get("Resource", "*"), resource)
            and _meets(statement.get("Condition"), context, unknown=denies)
        ):
            continue
        if denies:
            return False
        allowed = True
    return allowed


def _statements(document: Any) -> list[JsonObject]:
    if not isinstance(document, dict):
        return []
    statements = _listed(cast(JsonObject, document).get("Statement"))
    found = [cast(JsonObject, entry) for entry in statements if isinstance(entry, dict)]
    return found if len(found) == len(statements) else []


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _is_for(principal: Any, account: str) -> bool:
    if isinstance(principal, dict):
        principal = cast(JsonObject, principal).get("AWS")
    for entry in _listed(principal):
        if entry in ("*", account):
            return True
        if isinstance(entry, str) and entry.startswith("arn:") and f"::{account}:" in entry:
            return True
    return False


def _any(patterns: Any, value: str) -> bool:
    return any(
        isinstance(pattern, str) and fnmatchcase(value.lower(), pattern.lower())
        for pattern in _listed(patterns)
    )


def _meets(condition: Any, context: Mapping[str, str], *, unknown: bool) -> bool:
    if condition is None:
        return True
    if not isinstance(condition, dict):
        return unknown
    facts = {name.lower(): value for name, value in context.items()}
    for operator, tests in cast(JsonObject, condition).items():
        if operator not in ("StringEquals", "StringLike") or not isinstance(tests, dict):
            return unknown
        for name, wanted in cast(JsonObject, tests).items():
            value = facts.get(str(name).lower())
            if value is None:
                return unknown
            if operator == "StringEquals" and value not in _listed(wanted):
                return False
            if operator == "StringLike" and not _any(wanted, value):
                return False
    return True
