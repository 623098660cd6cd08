"""The last chapter: a column changes its meaning upstream, and nobody does anything but read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cluster.paths import REPOSITORY
from demo import chain, loop, upstream
from demo.errors import DemoFailed
from demo.kubectl import Kubectl, in_repository
from demo.say import chapter, command, output, say
from demo.serve import until_serving
from demo.stream import Stream, asking
from demo.train import until_trained
from mooring.api.modelversion import ModelVersion

PICTURE = REPOSITORY / "build" / "loop.svg"


def begin(kubectl: Kubectl) -> None:
    """Begin to train the model of the last chapter on the people of 2015, which takes its time beside the first."""
    loop.write_people(upstream.labelled(2015))
    say("a second model, of the same people, begins to be trained, for a later chapter")
    kubectl.apply(loop.RECIPE)


@contextmanager
def watched(kubectl: Kubectl) -> Iterator[tuple[Stream, ModelVersion]]:
    """Have the model served, asked and watched in the background for as long as the block lasts."""
    chapter("The second model, with a policy that watches it")
    version = until_trained(kubectl, loop.MODEL, 0)
    assert version.spec.provenance is not None  # noqa: S101 (it was trained)
    kubectl.apply(loop.SERVING)
    until_serving(kubectl, loop.MODEL, version.metadata.name)
    stream = Stream(kubectl, "visitors")
    with asking(stream):
        loop.watch(kubectl, stream, version.spec.provenance.image)
        yield stream, version


@dataclass(frozen=True)
class Change:
    """What was changed upstream, and how far its consequences have come."""

    stream: Stream
    course: loop.Course
    request: str
    """The policy's."""
    old: str
    new: str
    """The versions."""


def change(kubectl: Kubectl, stream: Stream, first: ModelVersion) -> Change:
    """Change upstream, and return when the version that was trained for it begins to be judged."""
    chapter("A column changes its meaning upstream")
    loop.until_quiet(kubectl, windows=3)
    kubectl.show("get", "driftpolicies.mooring.dev", loop.MODEL)
    course = loop.Course()
    say(
        f"upstream codes education ({upstream.EDUCATION}) anew: the same {upstream.STEPS} codes, with other meanings, "
        "so that no schema can tell. The pipeline writes last year's people in the new codes, as it does each night"
    )
    loop.write_people(upstream.recoded(upstream.labelled(loop.NEW_YEAR)))
    stream.next_phase()
    course.mark("recoded")
    say("from here on nobody does anything for this model")
    request = loop.until_asked(kubectl, course)
    course.mark("asked")
    new = str(loop.until_trained(kubectl, request).version)
    course.mark(f"trained: {new}")
    loop.until_canary(kubectl, new, course)
    say(f"{new} answers half of the callers, and is judged for a minute at least; meanwhile:")
    return Change(stream, course, request, first.metadata.name, new)


def close(kubectl: Kubectl, made: Change) -> None:
    """Follow the judged version to its promotion, and show what happened."""
    chapter("Back to the model whose column had changed")
    loop.until_promoted(kubectl, made.new, made.course)
    loop.until_told(kubectl, made.request)
    say(f"{loop.AFTER_SECONDS} s more, in which {made.new} alone answers")
    time.sleep(loop.AFTER_SECONDS)
    _show(kubectl, made.stream, made.course, made.old, made.new)


def _show(kubectl: Kubectl, stream: Stream, course: loop.Course, old: str, new: str) -> None:
    seconds = stream.end()
    chapter("What happened: one chain of records, from the evidence to the version that replaced")
    output(chain.told(loop.show_chain(kubectl, course)))
    command(f"kubectl -n {kubectl.namespace} get driftpolicies.mooring.dev {loop.MODEL} -o yaml   # and so on")
    before = loop.accuracy(seconds, old, loop.QUIET.name)
    during, after = loop.accuracy(seconds, old, loop.RECODED.name), loop.accuracy(seconds, new)
    rows, truths = sum(second.rows for second in seconds), sum(second.told for second in seconds)
    say(f"right answers: {before:.1%} by {old} before, {during:.1%} by it after the change, {after:.1%} by {new}")
    output(f"of {rows:,} predictions, {truths:,} with their truth; {sum(second.failed for second in seconds)} failed")
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(
        loop.picture(seconds, course, loop.at_training(kubectl, old)),
        encoding="utf-8",
    )
    say(f"as a picture: {in_repository(PICTURE)}")
    if after - during < loop.LEAST_GAIN:
        raise DemoFailed(f"{new} is hardly better than {old}", *loop.look_at(kubectl))
