"""A real ovsdb-server for tests."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path
from typing import Any

from nuage_chain.deadline import Deadline
from nuage_chain.errors import OvsdbUnreachable
from nuage_chain.vrs.connection import Connection
from nuage_chain.vrs.rows import from_map
from nuage_chain.vsp.databases import SWITCH_SCHEMA, extended_schema


class Ovsdb:
    """A real ovsdb-server with VRS's tables and no switch behind it, so that a test plays the switch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database, self.socket = folder / "conf.db", folder / "db.sock"
        schema = folder / "schema"
        schema.write_text(extended_schema(SWITCH_SCHEMA.read_text()))
        subprocess.run(["ovsdb-tool", "create", self.database, schema], check=True)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def remote(self) -> str:
        return f"unix:{self.socket}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["ovsdb-server", self.database, f"--remote=punix:{self.socket}", f"--unixctl={self.folder}/ctl",
             f"--log-file={self.folder}/log"],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = Deadline(10)
        while True:
            try:
                self.transact({"op": "select", "table": "Bridge", "where": []})
                break
            except OvsdbUnreachable:
                time.sleep(deadline.left("ovsdb-server to start", at_most=0.01))

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def listen_on_tcp(self, probe: int) -> str:
        """The remote of a port on loopback that asks a silent client every `probe` milliseconds whether it is there."""
        self.transact(
            {"op": "insert", "table": "Manager", "uuid-name": "m",
             "row": {"target": "ptcp:0:127.0.0.1", "inactivity_probe": probe}},
            {"op": "update", "table": "Open_vSwitch", "where": [], "row": {"manager_options": ["named-uuid", "m"]}},
        )  # fmt: skip
        where = "db:Open_vSwitch,Open_vSwitch,manager_options"
        subprocess.run(
            ["ovs-appctl", "-t", self.folder / "ctl", "ovsdb-server/add-remote", where], check=True, timeout=20
        )
        deadline = Deadline(10)
        while not (port := from_map(self.rows("Manager")[0]["status"]).get("bound_port")):
            time.sleep(deadline.left("ovsdb-server to listen", at_most=0.01))
        return f"tcp:127.0.0.1:{port}"

    def transact(self, *operations: dict[str, Any]) -> list[dict[str, Any]]:
        connection = Connection(self.remote)
        try:
            return connection.transact(list(operations), Deadline(5))
        finally:
            connection.close()

    def rows(self, table: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.transact({"op": "select", "table": table, "where": []})[0]["rows"]
        return [{k: v for k, v in row.items() if k != "_version"} for row in rows]

    def counts(self) -> dict[str, int]:
        return {t: len(self.rows(t)) for t in ("Port", "Interface", "Nuage_Port_Table", "Nuage_VM_Table")}

    def update(self, table: str, name: str, **row: Any) -> None:
        self.transact({"op": "update", "table": table, "where": [["name", "==", name]], "row": row})

    def later(self, seconds: float, table: str, name: str, **row: Any) -> threading.Timer:
        timer = threading.Timer(seconds, self.update, (table, name), row)
        timer.start()
        return timer
