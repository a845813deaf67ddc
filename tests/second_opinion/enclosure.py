"""A network of this process's own, with nothing but loopback: what listens inside is reached from inside only."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
import sys

GET_FLAGS, SET_FLAGS = 0x8913, 0x8914  # of Linux's netdevice(7)
UP = 1
_REQUEST = "16sh14x"


class NotEnclosed(Exception):
    """Something beyond this machine's loopback could reach in. The text says what."""


def interfaces_up() -> set[str]:
    """The network interfaces in use, loopback included."""
    return {name for _, name in socket.if_nameindex() if _flags(name) & UP}


def require() -> None:
    """Make sure that there is no network but loopback.

    Raises:
        NotEnclosed: there is.
    """
    others = interfaces_up() - {"lo"}
    if others:
        raise NotEnclosed(
            f"A server that listens on every interface must not start where {', '.join(sorted(others))} is up: "
            "start it by `make second-opinion`, which gives it a network of its own."
        )


def enter(module: str) -> None:
    """Go on in such a network: there already, or by running the module again inside a new one.

    Raises:
        NotEnclosed: this machine does not let us make one.
    """
    if interfaces_up() - {"lo"}:
        unshare = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        tried = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)
        if tried.returncode:
            raise NotEnclosed(f"No network namespace can be made here: {tried.stderr.strip()}")
        os.execvp(unshare[0], [*unshare, sys.executable, "-m", module, *sys.argv[1:]])  # noqa: S606 - our own words
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack(_REQUEST, b"lo", _flags("lo") | UP)
        fcntl.ioctl(any_socket, SET_FLAGS, request)


def _flags(name: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, GET_FLAGS, struct.pack(_REQUEST, name.encode(), 0))
    flags: int = struct.unpack(_REQUEST, answer)[1]
    return flags
