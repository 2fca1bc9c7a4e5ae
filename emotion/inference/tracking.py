"""Follow faces from frame to frame, so that their labels do not flicker."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from emotion.core.pictures import Box
from emotion.detection.boxes import intersection
from emotion.inference.face import Face

MIN_IOU = 0.3  # intersection over union of two boxes that may be the same face
MAX_GAP = 1.0  # seconds without a detection after which a face is forgotten
MIN_DETECTIONS = 3  # before a face is held: neither false detections nor fast-moving faces should be


@dataclass
class _Track:
    number: int
    face: Face
    time: float
    detections: int = 1


class Tracker:
    """Numbers faces and averages their probabilities over time, weighting recent frames most.

    Args:
        memory: Seconds after which a prediction weighs 1/e of a new one. 0 turns averaging off.
        hold: Seconds for which a face that is no longer detected is still returned, at its last position: a detector
            misses single frames, and boxes on a screen would flicker.
    """

    def __init__(self, memory: float = 0.5, hold: float = 0.0) -> None:
        self.memory = memory
        self.hold = hold
        self._tracks: list[_Track] = []
        self._count = 0

    def update(self, faces: Iterable[Face], time: float) -> tuple[Face, ...]:
        """Return the faces of the next frame with their numbers, averaged probabilities and labels of these.

        Held faces come last. Of a held face and a detected one that touch, only the one with more detections is
        returned.

        Args:
            faces: As detected in the frame.
            time: Of the frame, in seconds; later than that of the previous frame.
        """
        faces = list(faces)
        self._tracks = [track for track in self._tracks if time - track.time <= MAX_GAP]
        matches = _matched(self._tracks, faces)
        followed = [self._followed(face, matches.get(index), time) for index, face in enumerate(faces)]
        held = [t for t in self._tracks if t.detections >= MIN_DETECTIONS and 0 < time - t.time <= self.hold]
        shown = [track for track in followed if not _hidden(track, held)]
        shown += [track for track in held if not _hidden(track, followed)]
        return tuple(track.face for track in shown)

    def _followed(self, face: Face, track: _Track | None, time: float) -> _Track:
        if track is None:
            self._count += 1
            track = _Track(self._count, replace(face, track=self._count), time)
            self._tracks.append(track)
            return track
        weight = math.exp((track.time - time) / self.memory) if self.memory else 0.0
        old = track.face.probabilities
        mean = {label: weight * old[label] + (1 - weight) * new for label, new in face.probabilities.items()}
        track.face = replace(face, probabilities=mean, label=max(mean, key=mean.__getitem__), track=track.number)
        track.time = time
        track.detections += 1
        return track


def _hidden(track: _Track, others: list[_Track]) -> bool:
    """Return whether another track in the same place has more detections, or as many and is older."""
    return any(
        intersection(track.face.box, other.face.box)
        and (other.detections, -other.number) > (track.detections, -track.number)
        for other in others
    )


def _matched(tracks: list[_Track], faces: list[Face]) -> dict[int, _Track]:
    """Return the track that each face continues, by the face's index: the largest overlaps first."""
    pairs = [
        (_iou(track.face.box, face.box), -track.number, index, track)
        for track in tracks
        for index, face in enumerate(faces)
    ]
    matches: dict[int, _Track] = {}
    for iou, _, index, track in sorted(pairs, reverse=True):  # numbers differ, so no tracks are compared
        if iou >= MIN_IOU and index not in matches and track not in matches.values():
            matches[index] = track
    return matches


def _iou(one: Box, other: Box) -> float:
    """Return the intersection of two boxes over their union."""
    shared = intersection(one, other)
    return shared / max(1, one[2] * one[3] + other[2] * other[3] - shared)
