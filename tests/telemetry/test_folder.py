"""Figures of several processes in one folder, with real processes that live and die."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from telemetry import folder

COUNT = """
import os, sys
from telemetry import folder
folder.use(sys.argv[1])
from telemetry import metrics
metrics.facts_loads.inc(int(sys.argv[2]))
metrics.call_seconds.labels("tokens").observe(0.002)
metrics.writer_waiting.set(7)
if sys.argv[3] == "fork":
    child = os.fork()
    metrics.facts_loads.inc(100 if child == 0 else 0)
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
if sys.argv[3] == "stay":
    print("counted", flush=True)
    sys.stdin.read()
"""

SHOW = """
import sys
from telemetry import folder
folder.use(sys.argv[1])
from telemetry import exposition
sys.stdout.buffer.write(exposition.render())
"""


def start(path: Path, number: int, how: str = "end") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", COUNT, str(path), str(number), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def show(path: Path) -> dict[str, float]:
    told = subprocess.run([sys.executable, "-c", SHOW, str(path)], capture_output=True, text=True, check=True).stdout
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in told.splitlines() if line[0] != "#"}


class TestFolder:
    def test_adds_up_the_living_and_the_dead(self, tmp_path: Path):
        start(tmp_path, 3).communicate()
        living = start(tmp_path, 4, "stay")
        assert living.stdout is not None
        living.stdout.readline()

        first, again = show(tmp_path), show(tmp_path)
        living.communicate("")

        assert first["hub_facts_loads_total"] == again["hub_facts_loads_total"] == 7
        assert first['hub_call_seconds_count{module="tokens"}'] == 2
        assert show(tmp_path)["hub_facts_loads_total"] == 7  # a counter never shrinks when a process ends

    def test_forgets_what_only_the_living_have(self, tmp_path: Path):
        start(tmp_path, 1).communicate()
        living = start(tmp_path, 1, "stay")
        assert living.stdout is not None
        living.stdout.readline()

        assert show(tmp_path)["hub_writer_waiting"] == 7
        living.communicate("")
        assert show(tmp_path)["hub_writer_waiting"] == 0

    def test_a_forked_child_counts_for_itself(self, tmp_path: Path):
        start(tmp_path, 5, "fork").communicate()

        assert show(tmp_path)["hub_facts_loads_total"] == 105

    def test_a_killed_process_leaves_nothing_behind(self, tmp_path: Path):
        killed = start(tmp_path, 2, "stay")
        assert killed.stdout is not None
        killed.stdout.readline()
        killed.kill()
        killed.communicate()

        assert show(tmp_path)["hub_facts_loads_total"] == 2
        left = {file.name for file in tmp_path.iterdir() if str(killed.pid) in file.name}
        assert left == set()

    def test_a_broken_file_keeps_nobody_from_the_rest(self, tmp_path: Path):
        start(tmp_path, 2).communicate()
        alive = next(tmp_path.glob("*.alive"))
        (tmp_path / "broken-1.alive").touch()
        (tmp_path / "counter_broken-1.db").write_bytes(b"\x00\x10\x00\x00" + b"\xff" * 4092)

        assert alive.exists()
        assert show(tmp_path)["hub_facts_loads_total"] == 2

    def test_is_private(self, tmp_path: Path):
        start(tmp_path / "metrics", 1).communicate()

        assert (tmp_path / "metrics").stat().st_mode & 0o077 == 0

    def test_without_one_each_process_counts_for_itself(self):
        assert folder.get_folder() is None or os.environ.get("HUB_METRICS_DIR")
