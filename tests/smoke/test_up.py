"""`up` on a cluster that is up already, whole or in part."""

import signal
import subprocess
import sys

from cluster.health import node_ready
from cluster.paths import REPOSITORY
from cluster.processes import recorded
from cluster.supervise import running


def up() -> None:
    done = subprocess.run([sys.executable, "-m", "cluster", "up"], cwd=REPOSITORY, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_up_changes_nothing_when_all_runs(base_image: str) -> None:
    before = running()
    up()
    assert running() == before


def test_up_brings_back_only_what_was_killed(base_image: str) -> None:
    before = {process.name: process.pid for process in running()}
    victim = recorded("scheduler")
    assert victim is not None
    victim.signal(signal.SIGKILL)
    up()
    after = {process.name: process.pid for process in running()}
    assert after.keys() == before.keys()
    assert [name for name in after if after[name] != before[name]] == ["scheduler"]
    assert node_ready()


def test_a_process_id_of_somebody_else_is_never_ours(base_image: str) -> None:
    ours = recorded("etcd")
    assert ours is not None
    assert ours.running
    reused = type(ours)(ours.name, ours.pid, ours.start_ticks + 1, ours.boot, ours.fingerprint)
    rebooted = type(ours)(ours.name, ours.pid, ours.start_ticks, "another boot", ours.fingerprint)
    assert not reused.running
    assert not rebooted.running
