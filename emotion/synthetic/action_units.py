"""The facial action units that make each emotion, after Ekman and Friesen.

P. Ekman, W. V. Friesen, "Facial Action Coding System" (1978) numbers the visible movements of a face;
their EMFACS (1983) lists which of them make an emotion. The units used here:

     1 inner brow up       6 cheeks up         12 lip corners up     20 lips stretched
     2 outer brow up       7 lids tightened    15 lip corners down   23 lips tightened
     4 brows lowered       9 nose wrinkled     16 lower lip down     25 lips apart
     5 upper lid up       10 upper lip up      17 chin up            26 jaw dropped
"""

import numpy as np

EMOTION_UNITS: dict[str, tuple[int, ...]] = {
    "angry": (4, 5, 7, 23),
    "disgust": (9, 15, 16),
    "fear": (1, 2, 4, 5, 20, 26),
    "happy": (6, 12),
    "neutral": (),
    "sad": (1, 4, 15),
    "surprise": (1, 2, 5, 26),
}

# Units that often come with an emotion but do not make it, with their probability.
COMPANIONS: dict[str, dict[int, float]] = {
    "angry": {25: 0.3, 17: 0.3},
    "disgust": {10: 0.7, 4: 0.3, 25: 0.3},
    "fear": {25: 0.5, 7: 0.2},
    "happy": {25: 0.65, 26: 0.2},
    "sad": {17: 0.5, 25: 0.15},
    "surprise": {25: 0.4},
}

# A face at rest is never quite still.
RESTLESS: tuple[int, ...] = (1, 2, 4, 5, 7, 12, 15, 23, 25)


def contract(emotion: str, rng: np.random.Generator, weakest: float = 0.6) -> np.ndarray:
    """Return the contraction of each action unit, by its number: float64 (27,) in 0..1.

    The intensity of the whole expression lies between `weakest` and 1; its units vary around that.
    """
    units = np.zeros(27)
    units[list(RESTLESS)] = rng.uniform(0, 0.1, len(RESTLESS))
    intensity = rng.uniform(weakest, 1)
    companions = COMPANIONS.get(emotion, {})
    present = [unit for unit, share in companions.items() if rng.random() < share]
    for unit in (*EMOTION_UNITS[emotion], *present):
        units[unit] = min(1.0, intensity * rng.uniform(0.8, 1.15))
    return units
