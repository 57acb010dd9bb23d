"""Fuzzing what reads other people's text: FEEL, BPMN, DMN, times, values, commands and stored states.

`make fuzz`, or with `tests` on the path `python -m fuzz [--inputs N] [--seconds S] [--seed S] [TARGET …]`.
Everything is derived from the seed: input 17 of a target is the same bytes on every machine, and a finding
names the words that replay it.
"""
