"""The package as such: what importing it costs, and the names it gives."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import crml_sdk
from crml_sdk import errors, models, types

NAMES = Path(__file__).parent / "data" / "public_names.txt"


def test_version_is_a_plain_semantic_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", crml_sdk.__version__)


def in_a_new_process(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True
    ).stdout.strip()


HEAVY = ("aiobotocore", "botocore", "pydantic", "aiohttp", "tenacity", "typing_extensions")


@pytest.mark.parametrize(
    "code",
    [
        "import crml_sdk",
        "import crml_sdk; dir(crml_sdk)",
        "import crml_sdk.models; dir(crml_sdk.models)",
        "from crml_sdk import models",
    ],
)
def test_importing_loads_nothing_heavy(code: str) -> None:
    loaded = in_a_new_process(
        f"{code}; import sys; print(*[n for n in {HEAVY!r} if n in sys.modules])"
    )
    assert loaded == ""


def test_a_noun_loads_only_what_it_needs() -> None:
    code = (
        "from crml_sdk.models import TrainedModelStatus; import sys;"
        "print(*[n for n in ('aiobotocore', 'botocore', 'crml_sdk.models.training_dataset')"
        " if n in sys.modules])"
    )
    assert in_a_new_process(code) == ""


def test_a_client_that_is_not_opened_loads_no_aiobotocore() -> None:
    code = (
        "from crml_sdk import CleanRoomsML; CleanRoomsML(region_name='us-east-1'); import sys;"
        "print('aiobotocore' in sys.modules)"
    )
    assert in_a_new_process(code) == "False"


def public_names() -> list[str]:
    """Every name a user may import, one a line."""
    return [
        *(f"crml_sdk.{name}" for name in sorted(crml_sdk.__all__)),
        *(f"crml_sdk.errors.{name}" for name in sorted(_defined_in(errors))),
        *(f"crml_sdk.models.{name}" for name in sorted(_public(models))),
        *(f"crml_sdk.types.{name}" for name in sorted(_public(types))),
    ]


def _public(module: object) -> list[str]:
    return [
        name
        for name in dir(module)
        if name[0].isupper() and name not in ("TYPE_CHECKING", "Any", "Final")
    ]


def _defined_in(module: object) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == "crml_sdk.errors"
    ]


def test_no_public_name_comes_or_goes_unnoticed() -> None:
    """A name that goes breaks users; one that comes stays for years. When a change is meant, put
    it into data/public_names.txt and into the changelog."""
    known = NAMES.read_text("utf-8").split()
    now = public_names()
    assert not sorted(set(known) - set(now)), "names are gone"
    assert not sorted(set(now) - set(known)), "names are new"


def test_every_public_name_resolves() -> None:
    for name in crml_sdk.__all__:
        assert getattr(crml_sdk, name) is not None
    for module in (models, types, errors):
        for name in dir(module):
            assert getattr(module, name) is not None or name.startswith("__")
    assert set(crml_sdk.__all__) <= set(dir(crml_sdk))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    for module in (crml_sdk, models):
        with pytest.raises(AttributeError, match="Nonsense"):
            module.Nonsense  # noqa: B018
    assert not hasattr(crml_sdk, "__wrapped__")


def test_every_documented_shape_has_a_model() -> None:
    from .exactness.service import service_model

    model = service_model("cleanroomsml")
    structures = [
        name
        for name in model.shape_names
        if model.shape_for(name).type_name == "structure"
        and not model.shape_for(name).metadata.get("exception")
    ]
    enums = [
        name
        for name in model.shape_names
        if model.shape_for(name).type_name == "string" and model.shape_for(name).enum
    ]
    assert (len(structures), len(enums)) == (179, 34)
    for name in structures:
        assert issubclass(getattr(models, name), models.Model), name
    for name in enums:
        values = {member.value for member in getattr(models, name)}
        assert values == set(model.shape_for(name).enum), name


def test_every_documented_exception_has_a_class() -> None:
    from .exactness.service import service_model

    for service in ("cleanroomsml", "cleanrooms"):
        model = service_model(service)
        from .exactness.service import surface

        for operation in surface():
            if operation.service != service:
                continue
            for shape in operation.model.error_shapes:
                assert issubclass(errors.SERVICE_ERRORS[shape.name], errors.ServiceError)
        assert model.service_name == service


def test_models_are_documented() -> None:
    """Every model and every field says in our words what it is."""
    for name in _public(models):
        assert (getattr(models, name).__doc__ or "").strip(), name
