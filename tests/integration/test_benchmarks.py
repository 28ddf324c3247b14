"""`make bench` but for the browser, in one short round: that it measures what it says, not how long that takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("caveclient")

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
# In a process of its own, as importing caveclient warns of this and that.
MEASURE = """
import json, measured, network, processes
parts = {
    "checks": network.checks(1, datastacks=(5,), latency=0.01),
    "requests": network.requests_per_set_up(),
    "disk": processes.disk(),
    "memory": processes.memory(1, [processes.BARE, processes.CHECK]),
}
print(json.dumps([measured.table(parts), {part: [row.as_dict() for row in rows] for part, rows in parts.items()}]))
"""


def test_one_round_gives_a_table_and_all_its_values(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        env={**os.environ, "PYTHONPATH": str(BENCHMARKS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    table, parts = json.loads(done.stdout.splitlines()[-1])
    assert [row["what"] for row in parts["checks"]] == [
        "the latency of each answer",
        "full check, 5 datastacks: 4 requests",
        "caveclient's `setup_token`, 5 datastacks: 9 requests",
    ]
    assert parts["requests"][-1]["what"] == "already set up: runs the cell"
    assert parts["requests"][-1]["median"] == 4
    ours, theirs = (
        next(row["median"] for row in parts["disk"] if row["what"].startswith(name))
        for name in ("cave_setup", "caveclient")
    )
    assert 1 < ours < theirs  # megabytes
    bare, check = (row["median"] for row in parts["memory"])
    assert 1 < bare < check < 1000
    assert len({line.count("|") for line in table.splitlines()}) == 1
