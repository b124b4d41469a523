"""The service models as botocore ships them, reduced to what the SDK uses, with our fixes applied."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import botocore
import botocore.loaders

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib  # type: ignore[no-redef]

HERE = Path(__file__).parent
LOCK = HERE / "service.lock.json"
SERVICES = ("cleanroomsml", "cleanrooms")

Json = dict[str, Any]


def load_toml(name: str) -> Json:
    return tomllib.loads((HERE / name).read_text("utf-8"))


@dataclass(frozen=True)
class Operation:
    """One documented operation and its place in the SDK."""

    name: str
    service: str
    scope: str
    group: str
    method: str
    http_method: str
    uri: str
    input: str
    output: str | None
    errors: tuple[str, ...]
    result_key: str | None = None

    @property
    def is_list(self) -> bool:
        return self.result_key is not None

    @property
    def creates(self) -> bool:
        return self.name.startswith(("Create", "Start"))


def group_key(op: Operation) -> str:
    return f"collaboration_{op.group}" if op.scope == "collaboration" else op.group


@dataclass
class Service:
    """The part of one service model that is reachable from the operations the SDK offers."""

    name: str
    shapes: Json
    operations: list[Operation]
    api_version: str
    sha: str
    facts: list[str]
    inputs: set[str] = field(default_factory=set)
    outputs: set[str] = field(default_factory=set)

    def shape(self, name: str) -> Json:
        return self.shapes[name]

    def children(self, name: str) -> Iterator[str]:
        yield from children(self.shapes, name)

    def structures(self) -> list[str]:
        return [
            n for n, s in self.shapes.items() if s["type"] == "structure" and not s.get("exception")
        ]

    def enums(self) -> list[str]:
        return [n for n, s in self.shapes.items() if "enum" in s]


def children(shapes: Json, name: str) -> Iterator[str]:
    shape = shapes[name]
    for member in shape.get("members", {}).values():
        yield member["shape"]
    for slot in ("member", "key", "value"):
        if slot in shape:
            yield shape[slot]["shape"]


def reachable(shapes: Json, roots: list[str]) -> list[str]:
    """Shape names reachable from the roots, each after the shapes that it uses."""
    done: dict[str, None] = {}

    def visit(name: str, open_: tuple[str, ...]) -> None:
        if name in done or name in open_:
            return
        for child in children(shapes, name):
            visit(child, (*open_, name))
        done[name] = None

    for root in roots:
        visit(root, ())
    return list(done)


def without_docs(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_docs(v) for k, v in sorted(value.items()) if k != "documentation"}
    if isinstance(value, list):
        return [without_docs(v) for v in value]
    return value


def service_facts(operations: list[Operation], shapes: Json) -> list[str]:
    """One line per operation, member, enum value and constraint, so that a difference can be named."""
    facts: list[str] = []
    for op in operations:
        facts.append(f"operation {op.name}: {op.http_method} {op.uri} -> {op.output or 'nothing'}")
        facts.extend(f"operation {op.name} may raise {error}" for error in op.errors)
    for name, shape in shapes.items():
        limits = {k: shape[k] for k in ("min", "max", "pattern") if k in shape}
        facts.append(f"shape {name}: {shape['type']} {json.dumps(limits)}")
        required = shape.get("required", [])
        for member, target in shape.get("members", {}).items():
            where = target.get("location", "body")
            need = "required" if member in required else "optional"
            facts.append(f"member {name}.{member}: {target['shape']} {need} in {where}")
        facts.extend(f"value {name}: {value}" for value in shape.get("enum", []))
        facts.extend(
            f"{slot} of {name}: {shape[slot]['shape']}"
            for slot in ("member", "key", "value")
            if slot in shape
        )
    return sorted(facts)


def load_service(name: str) -> Service:
    loader = botocore.loaders.Loader()
    raw = loader.load_service_model(name, "service-2")
    paginators = loader.load_service_model(name, "paginators-1")["pagination"]
    surface = load_toml("surface.toml")[name]
    if name == "cleanroomsml":
        unplaced = sorted(set(raw["operations"]) - set(surface))
        if unplaced:
            raise SystemExit(
                f"codegen: operations without a place in surface.toml: {', '.join(unplaced)}"
            )
    gone = sorted(set(surface) - set(raw["operations"]))
    if gone:
        raise SystemExit(
            f"codegen: operations in surface.toml that the service no longer has: {', '.join(gone)}"
        )
    operations: list[Operation] = []
    for op_name, (scope, group, method) in surface.items():
        op = raw["operations"][op_name]
        operations.append(
            Operation(
                name=op_name,
                service=name,
                scope=scope,
                group=group,
                method=method,
                http_method=op["http"]["method"],
                uri=op["http"]["requestUri"],
                input=op["input"]["shape"],
                output=op.get("output", {}).get("shape"),
                errors=tuple(e["shape"] for e in op.get("errors", [])),
                result_key=paginators.get(op_name, {}).get("result_key"),
            )
        )
    in_roots = [op.input for op in operations]
    out_roots = [op.output for op in operations if op.output]
    errors = sorted({e for op in operations for e in op.errors})
    if name == "cleanroomsml":
        names = reachable(raw["shapes"], [*in_roots, *out_roots, *errors])
        lost = sorted(set(raw["shapes"]) - set(names))
        if lost:
            raise SystemExit(f"codegen: shapes that no operation uses: {', '.join(lost)}")
    else:
        names = reachable(raw["shapes"], [*in_roots, *out_roots])
    shapes = {n: without_docs(raw["shapes"][n]) for n in names}
    # Without_docs sorts members; the documented order reads better in signatures.
    for n in names:
        if "members" in shapes[n]:
            shapes[n]["members"] = {m: shapes[n]["members"][m] for m in raw["shapes"][n]["members"]}
    facts = service_facts(operations, shapes)
    service = Service(
        name=name,
        shapes=copy.deepcopy(shapes),
        operations=operations,
        api_version=raw["metadata"]["apiVersion"],
        sha=sha256("\n".join(facts).encode()).hexdigest(),
        facts=facts,
        inputs=set(reachable(raw["shapes"], in_roots)),
        outputs=set(reachable(raw["shapes"], out_roots)),
    )
    if name == "cleanroomsml":
        apply_fixes(service)
    return service


def apply_fixes(service: Service) -> None:
    fixes = load_toml("fixes.toml")
    for fix in fixes["sensitive"]:
        for name in fix["shapes"]:
            service.shapes[name]["sensitive"] = True
    for fix in fixes["size"]:
        service.shapes[fix["shape"]].update({k: v for k, v in fix.items() if k in ("min", "max")})


def lock_text(services: list[Service]) -> str:
    lock = {
        "botocore": botocore.__version__,
        "note": "SHA-256 over the facts of each service model (its documentation left out); python -m codegen writes it.",
        "services": {
            s.name: {"api_version": s.api_version, "sha256": s.sha, "facts": s.facts}
            for s in services
        },
    }
    return json.dumps(lock, indent=1) + "\n"


def lock_problems(services: list[Service]) -> list[str]:
    """What differs between the installed service models and the lock; empty when nothing does."""
    if not LOCK.exists():
        return ["codegen/service.lock.json is missing; run: python -m codegen"]
    lock = json.loads(LOCK.read_text("utf-8"))
    problems: list[str] = []
    for service in services:
        locked = lock["services"].get(service.name, {"sha256": "", "facts": []})
        if locked["sha256"] == service.sha:
            continue
        old, new = set(locked["facts"]), set(service.facts)
        problems.append(
            f"the {service.name} model of botocore {botocore.__version__} is not the locked one"
            f" (botocore {lock['botocore']}):"
        )
        problems += [f"  added    {fact}" for fact in sorted(new - old)]
        problems += [f"  removed  {fact}" for fact in sorted(old - new)]
    return problems
