"""Faces that stay the same from frame to frame, so that their labels do not flicker."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from emotion.faces import Box, intersection
from emotion.inference.results import Face

OVERLAP = 0.3  # intersection over union of two boxes that may be one face
PATIENCE = 1.0  # seconds after which a face that is not seen is forgotten
SETTLED = 3  # frames in which a face was found before it is held: a box by chance, or a face in haste, is not


@dataclass
class _Track:
    number: int
    face: Face
    time: float
    found: int = 1  # in so many frames


class Tracker:
    """Numbers faces and averages what they show over time, the latest answers most.

    Args:
        memory: Seconds after which an answer counts 1/e of a new one. 0 turns averaging off.
        hold: Seconds for which a face that is not found any more is still returned, as it was found last: a detector
            misses single frames, and boxes on a screen would flicker.
    """

    def __init__(self, memory: float = 0.5, hold: float = 0.0) -> None:
        self.memory, self.hold = memory, hold
        self._tracks: list[_Track] = []
        self._count = 0

    def update(self, faces: Iterable[Face], time: float) -> tuple[Face, ...]:
        """Return the faces of the next frame with their numbers, averaged probabilities and labels of these.

        Held faces come last. Of one and another face that touches it, only the one that was found more often is there.

        Args:
            faces: As found in the frame.
            time: Of the frame, in seconds; later than of the frame before.
        """
        faces = list(faces)
        self._tracks = [track for track in self._tracks if time - track.time <= PATIENCE]
        mine = _matched(self._tracks, faces)
        followed = [self._followed(face, mine.get(place), time) for place, face in enumerate(faces)]
        held = [t for t in self._tracks if t.found >= SETTLED and 0 < time - t.time <= self.hold]
        shown = [track for track in followed if not _hidden(track, held)]
        shown += [track for track in held if not _hidden(track, followed)]
        return tuple(track.face for track in shown)

    def _followed(self, face: Face, track: _Track | None, time: float) -> _Track:
        if track is None:
            self._count += 1
            track = _Track(self._count, replace(face, track=self._count), time)
            self._tracks.append(track)
            return track
        kept = math.exp((track.time - time) / self.memory) if self.memory else 0.0
        old = track.face.probabilities
        mean = {label: kept * old[label] + (1 - kept) * new for label, new in face.probabilities.items()}
        track.face = replace(face, probabilities=mean, label=max(mean, key=mean.__getitem__), track=track.number)
        track.time, track.found = time, track.found + 1
        return track


def _hidden(track: _Track, others: list[_Track]) -> bool:
    """Return if one of the others is in the same place and was found more often, or as often and earlier."""
    return any(
        intersection(track.face.box, one.face.box) and (one.found, -one.number) > (track.found, -track.number)
        for one in others
    )


def _matched(tracks: list[_Track], faces: list[Face]) -> dict[int, _Track]:
    """Return the track of each face that continues one, by its place: the largest overlaps first."""
    pairs = sorted(
        (
            (_overlap(track.face.box, face.box), -track.number, place, track)
            for track in tracks
            for place, face in enumerate(faces)
        ),
        key=lambda pair: pair[:3],
        reverse=True,
    )
    taken: dict[int, _Track] = {}
    for overlap, _, place, track in pairs:
        if overlap >= OVERLAP and place not in taken and track not in taken.values():
            taken[place] = track
    return taken


def _overlap(one: Box, other: Box) -> float:
    """Return the intersection of two boxes over their union."""
    shared = intersection(one, other)
    return shared / max(1, one[2] * one[3] + other[2] * other[3] - shared)
