"""A filter of system calls: a program in a sandbox makes no user namespace of its own. See init.py.

In one it would have rights again: it could mount memory disks, which no limit counts, and reach
parts of the kernel that are for administrators otherwise.
"""

from __future__ import annotations

import ctypes
import os
import struct

NEW_USER = 0x10000000
CLONE3 = 435  # the same number on every architecture; its flags are out of a filter's reach
# By machine: the name that the kernel gives a filter, and the numbers of clone and unshare.
NUMBERS = {
    "x86_64": (0xC000003E, 56, 272),
    "aarch64": (0xC00000B7, 220, 97),
    "riscv64": (0xC00000F3, 220, 97),
    "ppc64le": (0xC0000015, 120, 282),
}
SET_SECCOMP, FILTER = 22, 2
LOAD, EQUAL, AT_LEAST, HAS_BITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
OTHER_ABI = 0x40000000  # x32 on x86_64
ALLOW, FAIL = 0x7FFF0000, 0x00050000
NOT_PERMITTED, NOT_THERE = 1, 38


def instructions(machine: str) -> list[tuple[int, int, int, int]]:
    """The filter: operation, steps to skip if true, steps to skip if false, value."""
    architecture, clone, unshare = NUMBERS[machine]
    return [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 0, 8, architecture),  # programs of another one would have other numbers
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 6, 0, OTHER_ABI),
        (EQUAL, 5, 0, CLONE3),  # the C library falls back to clone
        (EQUAL, 1, 0, clone),
        (EQUAL, 0, 4, unshare),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (HAS_BITS, 0, 2, NEW_USER),
        (RETURN, 0, 0, FAIL | NOT_PERMITTED),
        (RETURN, 0, 0, FAIL | NOT_THERE),
        (RETURN, 0, 0, ALLOW),
    ]


def forbid_user_namespaces(libc: ctypes.CDLL) -> bool:
    """For this process and all that it starts; False where the kernel cannot."""
    machine = os.uname().machine
    if machine not in NUMBERS:
        return False
    code = b"".join(struct.pack("HBBI", *entry) for entry in instructions(machine))
    held = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HP", len(code) // 8, ctypes.addressof(held))
    return libc.prctl(SET_SECCOMP, FILTER, ctypes.c_char_p(program), 0, 0) == 0
