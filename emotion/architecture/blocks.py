"""A network's layers grouped into blocks by their names, with repeated blocks drawn once."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from emotion.architecture.layers import Layer

# Prefix of the names of a block's layers: stage1_block1, block2a, block_3, expanded_conv_3, pair2, conv1.
NAME = re.compile(r"[a-z]+\d_block\d+|pair\d+|block_?\d+[a-z]?|expanded_conv(_\d+)?|[a-z]+\d+(?=_|$)")
MINOR = {"normalisation", "activation", "dropout", "shape"}  # kinds that start no block of their own


@dataclass(frozen=True)
class Block:
    """Layers that are drawn together; equal blocks in a row are merged into one, drawn as the first."""

    name: str
    layers: list[Layer]
    before: list[Layer]  # all layers, if there is no shortcut; none, if the layers form no single path
    inside: list[Layer] = field(default_factory=list)  # parallel to the shortcut
    after: list[Layer] = field(default_factory=list)  # from the sum on
    shortcut: list[Layer] | None = None  # the layers on it; None: no shortcut
    times: int = 1


def blocks(layers: Sequence[Layer]) -> list[Block]:
    """Return a network's blocks; equal ones in a row are merged, and named like `conv4_block2 – 5`."""
    found: list[Block] = []
    for _, group in itertools.groupby(map(_block, _grouped(layers)), _signature):
        first, *others = group
        if others:
            last = others[-1].name
            tail = re.search(r"\d+$|(?<=\d)[a-z]$", last)
            every = [layer for block in (first, *others) for layer in block.layers]
            name = f"{first.name} – {tail[0] if tail else last}"
            first = replace(first, name=name, layers=every, times=1 + len(others))
        found.append(first)
    return found


def _grouped(layers: Sequence[Layer]) -> Iterator[list[Layer]]:
    """Yield the layers of each block: from the first to the last with one prefix, or one other layer and minor ones.

    A block ends only where a single tensor leaves it, so that shortcuts lie inside.
    """
    last_named = {name: place for place, layer in enumerate(layers) if (name := _name(layer))}
    last_read = {source: place for place, layer in enumerate(layers) for source in layer.sources}
    group: list[Layer] = []
    named = -1  # position of the last layer with the prefix of the group
    needed = -1  # last position at which a layer before the previous one is read
    for place, layer in enumerate(layers):
        name = _name(layer)
        joins = layer.kind in MINOR or all(before.kind in MINOR for before in group)
        if group and place > max(named, needed) and (name or named == place - 1 or not joins):
            yield group
            group = []
        needed = max(needed, last_read.get(layers[place - 1].name, -1) if place else -1)
        group.append(layer)
        named = max(named, last_named[name]) if name else named
    yield group


def _name(layer: Layer) -> str | None:
    match = NAME.match(layer.name)
    return match[0] if match else None


def _block(layers: list[Layer]) -> Block:
    """Return a block with the path through most of its layers, and with its shortcut if there is one."""
    name = _name(layers[0]) or next((layer.name for layer in layers if layer.kind not in MINOR), layers[0].name)
    longest: dict[str, list[Layer]] = {}  # to each layer
    for layer in layers:
        paths = [longest[source] for source in layer.sources if source in longest]
        longest[layer.name] = [*max(paths, key=len, default=[]), layer]
    main = longest[layers[-1].name]
    # A product belongs to squeeze-excite, which is drawn as one layer.
    joins = [n for n, layer in enumerate(main) if n and len(layer.sources) > 1 and layer.text != "multiply"]
    if not joins and len(main) == len(layers):
        return Block(name, layers, main)
    if len(joins) == 1 and main[joins[0]].kind == "sum" and len(main[joins[0]].sources) == 2:
        join = joins[0]
        (source,) = set(main[join].sources) - {main[join - 1].name}
        around = longest.get(source, [])
        fork = len([layer for layer in around if layer in main])
        if len(main) + len(around) - fork == len(layers):
            return Block(name, layers, main[:fork], main[fork:join], main[join:], around[fork:])
    return Block(name, layers, [])


def _signature(block: Block) -> object:
    """Return a value that is equal for blocks that the diagram merges."""
    drawn = [(layer.kind, layer.text, layer.activation) for layer in block.layers]
    return drawn, block.shortcut is None, len(block.before), block.layers[-1].shape[:-1]
