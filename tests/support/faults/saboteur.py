"""Who kills processes and cuts links, in an order that a seed gives."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from support.faults.fleet import KINDS, Fleet
from support.faults.link import Cut

_BETWEEN_FAULTS = (0.5, 2.5)  # seconds
_CUT_LASTS = (1.0, 4.0)


@dataclass
class Saboteur:
    """Kills each kind of process equally often, in random order, and cuts a random link after each kill."""

    fleet: Fleet
    seed: int
    kills: int
    killed: Counter[str] = field(default_factory=Counter)
    cuts: Counter[str] = field(default_factory=Counter)

    async def work(self, after_kill: Callable[[int, str], Awaitable[None]]) -> None:
        """Do all of it; `after_kill` is told how many kills there have been, and which process died."""
        chance = random.Random(self.seed)
        kinds = [list(KINDS)[number % len(KINDS)] for number in range(self.kills)]
        chance.shuffle(kinds)
        links = sorted(self.fleet.links)
        for number, kind in enumerate(kinds, 1):
            await asyncio.sleep(chance.uniform(*_BETWEEN_FAULTS))
            victim = chance.choice(KINDS[kind])
            await self.fleet.kill(victim)
            self.killed[kind] += 1
            await after_kill(number, victim)
            await asyncio.sleep(chance.uniform(*_BETWEEN_FAULTS))
            how = chance.choice(list(Cut))
            async with self.fleet.links[chance.choice(links)].cut(how):
                self.cuts[how.value] += 1
                await asyncio.sleep(chance.uniform(*_CUT_LASTS))
