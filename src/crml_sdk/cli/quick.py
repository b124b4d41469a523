"""What makes the command start and end quickly, in its own process only.

A library must not touch what the whole process shares: its garbage collector, its signals, modules
of others. A command owns its process, so it may. Measured figures and the reasons:
docs/internals/command.md.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from .interrupts import catch, leave


def begin() -> None:
    """At the very start: no collections while modules load, and Ctrl-C ends it with status 130."""
    gc.disable()
    catch()


@contextmanager
def interruptible() -> Generator[None]:
    """Inside, Ctrl-C is KeyboardInterrupt, as the event loop wants it."""
    if signal.getsignal(signal.SIGINT) is not leave:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, leave)


def imports_done() -> None:
    """Collect garbage again, but never look at what the imports have made."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def prepare_imports() -> None:
    """Import aiohttp without reading the certificates of all the world's authorities, twice.

    aiohttp makes two TLS contexts when it is imported, for requests that bring none. botocore's bring
    their own, so these are used by next to nobody. The certificates are read at the first
    handshake that needs them.
    """
    if "aiohttp" in sys.modules or gc.isenabled():
        return
    late = _LateCertificates()
    with late.put_off():
        from aiohttp import connector
    pool: Any = connector.TCPConnector
    original = pool._get_ssl_context

    def with_certificates(self: Any, *arguments: Any) -> Any:
        context = original(self, *arguments)
        late.load(context)
        return context

    pool._get_ssl_context = with_certificates


@contextmanager
def lean_imports() -> Generator[None]:
    """Inside, httpx is as if not installed: aiobotocore would load it beside aiohttp, unused."""
    if gc.isenabled():
        yield
        return
    # First of the large ones: measured a few per cent quicker than where it comes by itself.
    import urllib3  # noqa: F401  # pyright: ignore[reportUnusedImport]

    prepare_imports()
    absent = [name for name in ("httpx2", "httpx") if name not in sys.modules]
    modules: Any = sys.modules
    modules.update(dict.fromkeys(absent))
    try:
        yield
    finally:
        for name in absent:
            del modules[name]


class _LateCertificates:
    """TLS contexts that were made without certificates, and what each has still to load."""

    def __init__(self) -> None:
        self._todo: dict[int, list[tuple[str, tuple[Any, ...]]]] = {}
        self._kept: list[Any] = []

    @contextmanager
    def put_off(self) -> Generator[None]:
        """Inside, contexts only note that they are to load the system's certificates."""
        import ssl

        names = ("load_default_certs", "set_default_verify_paths")
        own = {name: name in vars(ssl.SSLContext) for name in names}
        originals = {name: getattr(ssl.SSLContext, name) for name in names}

        def noting(name: str) -> Any:
            def note(context: Any, *arguments: Any) -> None:
                self._kept.append(context)
                self._todo.setdefault(id(context), []).append((name, arguments))

            return note

        for name in names:
            setattr(ssl.SSLContext, name, noting(name))
        try:
            yield
        finally:
            for name in names:
                if own[name]:
                    setattr(ssl.SSLContext, name, originals[name])
                else:
                    delattr(ssl.SSLContext, name)

    def load(self, context: Any) -> None:
        """Load what a context has put off, once."""
        for name, arguments in self._todo.pop(id(context), ()):
            getattr(context, name)(*arguments)


def end(status: int) -> NoReturn:
    """Leave at once: what modules and pools would tidy up, the process's end does as well."""
    try:
        sys.stdout.flush()
    except OSError:
        status = status or 1
    with suppress(OSError):
        sys.stderr.flush()
    if threading.active_count() > 1 or "coverage" in sys.modules:
        sys.exit(status)
    import logging

    logging.shutdown()
    os._exit(status)
