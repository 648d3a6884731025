"""The bus over Eclipse Zenoh: TLS both ways and a token where it leaves this machine, loopback alone else."""

from __future__ import annotations

import ipaddress
import json
import logging
import socket
import tempfile
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from chromesthesia.core.errors import NetworkError, UsageError
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock
from chromesthesia.core.user_files import one_line
from chromesthesia.ports.bus.bus import BusConfig, Take, checked_name
from chromesthesia.ports.bus.keys import EXTRA, Keys, load_keys
from chromesthesia.ports.bus.wire import LARGEST_KEY, LARGEST_MESSAGE

log = logging.getLogger(__name__)

PORT = 7447
LOOPBACK = "127.0.0.1"
LOOPBACK_PORTS = range(17447, 17451)
"""Ears of this machine take the first that is free; lights of this machine call them all."""
LINK_LEASE_MS = 2000
RETRY = {"period_init_ms": 200, "period_max_ms": 1000, "period_increase_factor": 2}
MESSAGES_A_SECOND = 2000
"""More than so many are not looked at: a hundred lights say a few hundred."""
CLOSE_S = 2.0
USER = "chromesthesia"


class ZenohBus:
    """A `Bus`. ear: may be called by others; a light only calls.

    Raises NetworkError for a missing library or an endpoint that cannot be opened, UsageError for one that would let
    the room be overheard. A partner that is not there yet is waited for, for ever.
    """

    def __init__(self, config: BusConfig, clock: Clock, ear: bool) -> None:
        try:
            import zenoh
        except ImportError as error:
            raise NetworkError("the bus needs the library eclipse-zenoh", EXTRA) from error
        self._zenoh = zenoh
        self._clock = clock
        self._log = BoundedLog(log)
        self._root = f"chromesthesia/{checked_name(config.name)}"
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._second = 0.0
        self._left = MESSAGES_A_SECOND
        self._declared: list[Any] = []
        self._publishers: dict[str, Any] = {}
        self._closed = False
        keys = None if config.keys is None else load_keys(config.keys)
        settings = zenoh_settings(config, keys, ear)
        with tempfile.TemporaryDirectory() as folder:
            if keys is not None:
                # Zenoh reads who may come in from a file.
                users = Path(folder) / "users"
                users.touch(mode=0o600)
                users.write_text(f"{USER}:{keys.token}\n", encoding="ascii")
                settings["transport/auth/usrpwd"] = {
                    "user": USER,
                    "password": keys.token,
                    "dictionary_file": str(users),
                }
            chosen = zenoh.Config()
            try:
                for path, value in settings.items():
                    chosen.insert_json5(path, json.dumps(value))
                self._session = zenoh.open(chosen)
            except Exception as error:  # ZError is an Exception of its own
                raise NetworkError(
                    f"the bus does not open: {one_line(error)}", "check --listen, --connect and the keys"
                ) from error

    def publish(self, topic: str, content: bytes) -> None:
        """See `Bus`."""
        zenoh = self._zenoh
        try:
            with self._lock:
                publisher = self._publishers.get(topic)
                if publisher is None and not self._closed:
                    # What finds no room is left out: a light that is slow must not hold the ear. It asks for a key.
                    publisher = self._publishers[topic] = self._session.declare_publisher(
                        f"{self._root}/{topic}",
                        congestion_control=zenoh.CongestionControl.DROP,
                        priority=zenoh.Priority.REAL_TIME,
                        express=True,
                    )
            if publisher is None:
                return
            publisher.put(content)
            self._counts["sent"] += 1
            self._counts["sent_bytes"] += len(content)
        except Exception as error:  # whatever the library throws, the show goes on without the network
            self._counts["failures"] += 1
            self._log.warning(self._clock.now_s(), "the bus does not take %s: %s", topic, one_line(error))

    def subscribe(self, topic: str, take: Take) -> None:
        """See `Bus`."""

        def came(sample: Any) -> None:
            payload = sample.payload
            if len(payload) > LARGEST_KEY + LARGEST_MESSAGE or not self._admits():
                self._counts["refused"] += 1
                return
            content = payload.to_bytes()
            self._counts["heard"] += 1
            self._counts["heard_bytes"] += len(content)
            take(content)

        try:
            self._declared.append(self._session.declare_subscriber(f"{self._root}/{topic}", came))
        except Exception as error:  # ZError is an Exception of its own
            raise NetworkError(f"the bus does not hear: {one_line(error)}", "start again") from error

    def counts(self) -> Mapping[str, int]:
        """See `Bus`; `failures` is always there."""
        return {"failures": 0, **self._counts}

    def close(self) -> None:
        """See `Bus`; a network that does not answer is not waited for."""
        with self._lock:
            if self._closed:
                return
            self._closed = True

        def end() -> None:
            with suppress(Exception):  # it may be cut off already, and nothing is left to be saved
                self._session.close()  # type: ignore[no-untyped-call]

        closing = threading.Thread(target=end, name="bus close", daemon=True)
        closing.start()
        closing.join(CLOSE_S)

    def _admits(self) -> bool:
        now_s = self._clock.now_s()
        with self._lock:
            if now_s - self._second >= 1.0:
                self._second, self._left = now_s, MESSAGES_A_SECOND
            self._left -= 1
            return self._left >= 0


def zenoh_settings(config: BusConfig, keys: Keys | None, ear: bool) -> dict[str, Any]:
    """Zenoh's settings by their paths. Raises UsageError for endpoints beyond this machine without keys."""
    for endpoint in (*config.listen, *config.connect):
        _check(endpoint, keys)
    if config.lan and keys is None:
        raise UsageError(
            "the bus in the whole network without keys", "give --keys FOLDER, made with `chromesthesia keys`"
        )
    listen, connect = list(config.listen), list(config.connect)
    if config.lan:
        listen = listen or [f"tls/0.0.0.0:{PORT}"]
    elif not listen and not connect:
        listen, connect = _on_this_machine(ear)
    settings: dict[str, Any] = {
        "mode": "peer",
        # Lights are not called by each other: a hundred of them would be five thousand connections.
        "listen/endpoints": listen if ear else [],
        "connect/endpoints": connect,
        "connect/timeout_ms": -1,
        "connect/exit_on_failure": False,
        "connect/retry": RETRY,
        "scouting/multicast/enabled": config.lan,
        "scouting/gossip/enabled": False,
        "transport/link/tx/lease": LINK_LEASE_MS,
        "transport/unicast/max_sessions": 1000,
    }
    if keys is not None:
        settings["transport/link/tls"] = {
            "root_ca_certificate": str(keys.authority),
            "listen_certificate": str(keys.certificate),
            "listen_private_key": str(keys.key),
            "connect_certificate": str(keys.certificate),
            "connect_private_key": str(keys.key),
            "enable_mtls": True,
            # All machines show one certificate, whatever their addresses; who has none of the room's is refused.
            "verify_name_on_connect": False,
        }
    return settings


def _on_this_machine(ear: bool) -> tuple[list[str], list[str]]:
    endpoints = [f"tcp/{LOOPBACK}:{port}" for port in LOOPBACK_PORTS]
    if not ear:
        return [], endpoints
    for port, endpoint in zip(LOOPBACK_PORTS, endpoints, strict=True):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, port))
            return [endpoint], [other for other in endpoints if other != endpoint]
    raise NetworkError(
        f"TCP ports {LOOPBACK_PORTS[0]} to {LOOPBACK_PORTS[-1]} are taken", "end an ear of this machine"
    )


def _check(endpoint: str, keys: Keys | None) -> None:
    protocol, _, rest = endpoint.partition("/")
    host = rest.partition("?")[0].partition("#")[0].rpartition(":")[0].strip("[]")
    if protocol not in ("tcp", "tls", "quic") or not host:
        raise UsageError(f"{one_line(endpoint, 80)} is no endpoint", "give e.g. tls/192.168.1.10:7447")
    if protocol == "tcp" and not _is_loopback(host):
        raise UsageError(
            f"{one_line(endpoint, 80)} would let the room be overheard", "give tls/ in the place of tcp/"
        )
    if protocol != "tcp" and keys is None:
        raise UsageError(
            f"{one_line(endpoint, 80)} needs keys", "give --keys FOLDER, made with `chromesthesia keys`"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
