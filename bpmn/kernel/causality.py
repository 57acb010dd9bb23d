"""Which write came before which: the order that parallel branches have, and do not have.

Every token runs on a branch. A fork lets the first token keep its branch and gives each other a
new one; each writes its branch and a number of the instance into the slots it sets. A token knows a
write if its own branch made it, or if its `seen` covers it: what lay before the fork, and what the
branches that it joined had written. A write over a slot that the token does not know is a
conflict: neither write is ordered before the other, and one of them would be lost.

`seen` is a vector clock cut down to what matters. An entry is of use only while some visible slot
carries its branch, so it is dropped when none does: the clock is bounded by the number of live
variables, not by the history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bpmn.kernel.records import Seen, Slot, Token

FEW = 8
"""Below this many entries the clock is not worth pruning."""


def knows(token: Token, slot: Slot) -> bool:
    """Whether the write that made `slot` lies in the token's past."""
    if slot.branch == token.branch:
        return True
    return any(branch == slot.branch and write >= slot.write for branch, write in token.seen)


def merged(own: Seen, others: Iterable[tuple[int, int]]) -> Seen:
    """Both clocks' knowledge in one."""
    latest = dict(own)
    for branch, write in others:
        if latest.get(branch, -1) < write:
            latest[branch] = write
    return tuple(sorted(latest.items()))


def pruned(seen: Seen, visible: Iterable[Mapping[str, Slot]]) -> Seen:
    """The clock without the branches that no visible slot carries."""
    if len(seen) <= FEW:
        return seen
    carried = {slot.branch for slots in visible for slot in slots.values()}
    return tuple(entry for entry in seen if entry[0] in carried)
