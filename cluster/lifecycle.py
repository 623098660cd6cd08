"""`up` and `down` of the local cluster."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cluster import cgroups, network, object_store
from cluster.base_images import base_archive, base_tarball, pause_archive, s3_archive, s3_image
from cluster.components import API_SERVER, CONTAINERD, KUBELET, Component, components, write_config_files
from cluster.config_files import PAUSE_IMAGE
from cluster.containers import image_names, import_image, remove_containers
from cluster.errors import ClusterError
from cluster.gobuild import HOST_PROGRAMS, IMAGE_PROGRAMS, build, link_host_programs
from cluster.health import node_ready, wait_for
from cluster.locks import locked
from cluster.packages import install_missing
from cluster.paths import ADMIN_KUBECONFIG, CACHE, CONTAINERD_ROOT, ETCD_DATA, STATE
from cluster.pki import make_pki
from cluster.processes import boot_id
from cluster.say import say, step
from cluster.supervise import ensure, restart, running, stop_all

NODE_READY_SECONDS = 60.0
LOCK = CACHE / "locks" / "cluster"
BOOT = STATE / "boot"
"""The boot in which the cluster last ran. Absent after `down --keep`: then it was stopped in good order."""


def up() -> None:
    """Bring the cluster up, or back up, and return when its node is Ready and the S3 server answers."""
    if os.geteuid() != 0:
        raise ClusterError("the local cluster needs root: it makes network links, mounts and cgroups")
    with locked(LOCK, waiting_for="another `up` or `down` on this machine"):
        _prepare()
        _clear_what_crashed()
        _network_and_keys()
        _start()


def down(*, keep: bool) -> None:
    """Stop everything, take back what it changed on the machine, and delete the state unless `keep`."""
    with locked(LOCK, waiting_for="another `up` or `down` on this machine"):
        if not STATE.exists():
            say("the cluster is not up: nothing to stop")
            return
        with step("stopped the cluster"):
            stop_all()
            network.tear_down()
        BOOT.unlink(missing_ok=True)
        if keep:
            say(f"kept its state in {STATE}")
        else:
            _delete_state()


def _prepare() -> None:
    """Everything that is made once for a machine: minutes at first, nothing afterwards."""
    install_missing()
    with ThreadPoolExecutor(max_workers=2) as pool:
        # The base image waits for the network and the disk, the Go builds for the processors.
        base = pool.submit(lambda: (base_tarball(), base_archive()))
        for program in (*HOST_PROGRAMS, *IMAGE_PROGRAMS):
            build(program)
        base.result()
    pause_archive()
    s3_archive()
    STATE.mkdir(parents=True, exist_ok=True)
    link_host_programs()


def _clear_what_crashed() -> None:
    """Start afresh when nothing of an earlier cluster runs any more although nobody stopped it.

    etcd writes without fsync, so after a power cut its files may be torn; and pods whose processes are all gone
    have nothing worth keeping. A cluster of which a part still runs is repaired instead.
    """
    same_boot = BOOT.exists() and BOOT.read_text() == boot_id()
    if not BOOT.exists() or (same_boot and running()):
        return
    reason = "all of its processes were killed" if same_boot else "the machine was restarted"
    with step(f"the cluster was not stopped, but {reason}: cleared its remains, starting afresh"):
        stop_all()
        network.tear_down()
        # Images are whole as long as the kernel that wrote them lives, and take longest to bring back.
        _delete_state(keep=CONTAINERD_ROOT if same_boot else None)
        link_host_programs()


def _delete_state(*, keep: Path | None = None) -> None:
    """Delete the state folder, all but `keep`."""

    def delete(folder: Path) -> None:
        for path in folder.iterdir():
            if keep is not None and keep.is_relative_to(path):
                if path != keep:
                    delete(path)
            elif path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    delete(STATE)
    if keep is None:
        STATE.rmdir()


def _network_and_keys() -> None:
    """What the components find when they start."""
    network.set_up()
    cgroups.set_up()
    make_pki()
    BOOT.write_text(boot_id())


def _start() -> None:
    """Start what is missing. containerd gets its images while the API server starts, which takes longest."""
    fresh = not ETCD_DATA.exists()
    write_config_files()
    by_name = {component.name: component for component in components()}
    with ThreadPoolExecutor(max_workers=2) as pool:
        runtime = pool.submit(_start_containerd, by_name.pop(CONTAINERD), fresh=fresh)
        for name in ("etcd", API_SERVER):
            ensure(by_name.pop(name))
        runtime.result()
    with ThreadPoolExecutor(max_workers=len(by_name) + 1) as pool:
        applied = pool.submit(object_store.apply)
        for started in [pool.submit(ensure, component) for component in by_name.values()]:
            started.result()
        applied.result()
    with step("the node is Ready", quiet_below=0.5):
        if not wait_for(node_ready, seconds=NODE_READY_SECONDS):
            raise ClusterError(f"the node does not become Ready; see `python3 -m cluster logs {KUBELET}`")
    with step("the object store answers", quiet_below=0.5):
        object_store.wait_until_it_answers()
    say(f"the cluster is up; export KUBECONFIG={ADMIN_KUBECONFIG}")


def _start_containerd(component: Component, *, fresh: bool) -> None:
    ensure(component)
    if fresh and remove_containers():
        # It took over the containers of the cluster before when it started: let it find none.
        restart(component)
    present = image_names()
    for name, archive in ((PAUSE_IMAGE, pause_archive), (s3_image(), s3_archive)):
        if name not in present:
            with step(f"imported {name}"):
                import_image(archive())
