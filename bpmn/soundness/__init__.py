"""Soundness: playing the token game of a model before any case does, within a bound.

Each scope (process, subprocess, called process, event subprocess, the rounds of a loop) is played by
itself with every choice that its conditions and events leave open; the scope around it sees an
activity with the outcomes that were found. So the number of states stays small, and what is found
has a path that shows it.
"""

from bpmn.soundness.controls import find_ways_around
from bpmn.soundness.troubles import Trouble, find_troubles

__all__ = ["Trouble", "find_troubles", "find_ways_around"]
