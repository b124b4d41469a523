"""Makes the command start and end quickly, in its own process only.

A library must not change what the whole process shares: its garbage collector, its signals and other
modules. A command owns its process, so it may. docs/internals/command.md has the reasons and the
measurements.
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
    """At the start: switch off garbage collection while modules load, and make Ctrl-C end with status 130."""
    gc.disable()
    catch()


@contextmanager
def interruptible() -> Generator[None]:
    """Within this context, Ctrl-C raises KeyboardInterrupt, as the event loop needs it."""
    if signal.getsignal(signal.SIGINT) is not leave:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, leave)


def imports_done() -> None:
    """Switch garbage collection on again, but exclude the objects of the imports."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def prepare_imports() -> None:
    """Import aiohttp without reading all CA certificates twice.

    When imported, aiohttp creates two TLS contexts for requests that have none. botocore's requests
    have their own, so these are hardly ever used. The certificates are read at the first handshake
    that needs them.
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
    """Within this context, hide httpx, which aiobotocore would load in addition to aiohttp."""
    if gc.isenabled():
        yield
        return
    # Imported first, because that measured a few per cent quicker.
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
    """TLS contexts without certificates, and what each still has to load."""

    def __init__(self) -> None:
        self._todo: dict[int, list[tuple[str, tuple[Any, ...]]]] = {}
        self._kept: list[Any] = []

    @contextmanager
    def put_off(self) -> Generator[None]:
        """Within this context, TLS contexts only record that they have to load the system's certificates."""
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
        """Load the certificates of a context, once."""
        for name, arguments in self._todo.pop(id(context), ()):
            getattr(context, name)(*arguments)


def end(status: int) -> NoReturn:
    """Exit immediately, without the clean-up of modules and pools."""
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
