"""The figures as a table for people."""

from typing import Any

from .contenders import NAMES


def unit(seconds: float) -> str:
    if seconds < 0.01:
        return f"{seconds * 1e6:,.1f} µs" if seconds < 1e-4 else f"{seconds * 1e6:,.0f} µs"
    return f"{seconds * 1e3:,.0f} ms"


def size(count: float) -> str:
    return f"{count / 2**20:,.1f} MB"


def value_of(name: str, value: float) -> str:
    if name.endswith("bytes"):
        return size(value)
    if name == "seconds":
        return unit(value)
    return f"{value:.2f}"


def rows(case: dict[str, Any]) -> list[str]:
    figures = case["figures"]
    ours = figures.get("crml_sdk", {}).get("seconds")
    lines = [f"\n{case['title']}"]
    for name, figure in figures.items():
        if name.endswith("(CPU)"):
            continue
        parts: list[str] = []
        if "seconds" in figure:
            parts.append(f"{unit(figure['seconds']):>12}")
            if "fastest" in figure:
                parts.append(f"fastest {unit(figure['fastest']):>10}")
            cpu = figures.get(f"{name} (CPU)")
            if cpu:
                parts.append(f"CPU {unit(cpu['seconds']):>10}")
            if ours is not None and name != "crml_sdk":
                parts.append(f"crml_sdk is {ours / figure['seconds']:5.2f} of it")
        for key in ("bytes", "import", "open", "each"):
            if key in figure:
                parts.append(f"{key} {size(figure[key]):>9}")
        if "growth_bytes" in figure:
            parts.append(f"{figure['items']:,.0f} items, grew {size(figure['growth_bytes'])}")
        for key in ("rounds", "lists_a_round", "gets"):
            if key in figure:
                parts.append(f"{figure[key]:,.0f} {key.replace('_', ' ')}")
        lines.append(f"  {NAMES.get(name, name):<46}" + "  ".join(parts))
    for goal in case["goals"]:
        verdict = "met" if goal["met"] else "NOT met"
        name = goal["to"]
        allowed, value = value_of(name, goal["goal"]), value_of(name, goal["value"])
        lines.append(f"    goal: {name} <= {allowed}: {value}, {verdict}")
    return lines
