"""A network's layers put together to blocks, as people draw them: by their names, and repeated ones once."""

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from emotion.architecture.layers import Layer

# What the names of a block's layers begin with: stage1_block1, block2a, block_3, expanded_conv_3, pair2, conv1.
NAME = re.compile(r"[a-z]+\d_block\d+|pair\d+|block_?\d+[a-z]?|expanded_conv(_\d+)?|[a-z]+\d+(?=_|$)")
MINOR = {"normalisation", "activation", "dropout", "shape"}  # kinds that begin no block where names tell nothing


@dataclass(frozen=True)
class Block:
    """Layers that are drawn together. Those of several blocks that look the same are one, drawn as the first."""

    name: str
    layers: list[Layer]
    before: list[Layer]  # all, if there is no shortcut; none, if the layers make no path
    inside: list[Layer] = field(default_factory=list)  # which the shortcut goes around
    after: list[Layer] = field(default_factory=list)  # from the sum on
    shortcut: list[Layer] | None = None  # what it goes through
    times: int = 1


def blocks(layers: Sequence[Layer]) -> list[Block]:
    """Return a network's blocks; those that look the same in a row are one, named like `conv4_block2 – 5`."""
    found: list[Block] = []
    for _, group in itertools.groupby(map(_block, _grouped(layers)), _looks):
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
    """Yield the layers of each block: all from the first to the last of one name, or an unnamed one and minor ones.

    A block ends only where a single tensor goes on, so that shortcuts are inside.
    """
    last_named = {name: place for place, layer in enumerate(layers) if (name := _name(layer))}
    last_read = {source: place for place, layer in enumerate(layers) for source in layer.sources}
    group: list[Layer] = []
    named, needed = -1, -1  # where the named block that the group is ends; where what is before the last layer is read
    for place, layer in enumerate(layers):
        name = _name(layer)
        goes_on = layer.kind in MINOR or all(before.kind in MINOR for before in group)
        if group and place > max(named, needed) and (name or named == place - 1 or not goes_on):
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
    # Where something is multiplied, it is squeeze-excite, which is drawn as one layer.
    joins = [n for n, layer in enumerate(main) if n and len(layer.sources) > 1 and layer.text != "multiply"]
    if not joins and len(main) == len(layers):
        return Block(name, layers, main)
    if len(joins) == 1 and main[join := joins[0]].kind == "sum" and len(main[join].sources) == 2:
        (source,) = set(main[join].sources) - {main[join - 1].name}
        around = longest.get(source, [])
        fork = len([layer for layer in around if layer in main])
        if len(main) + len(around) - fork == len(layers):
            return Block(name, layers, main[:fork], main[fork:join], main[join:], around[fork:])
    return Block(name, layers, [])


def _looks(block: Block) -> object:
    """Return what is equal for blocks that a diagram need not tell apart."""
    drawn = [(layer.kind, layer.text, layer.activation) for layer in block.layers]
    return drawn, block.shortcut is None, len(block.before), block.layers[-1].shape[:-1]
