"""Challengers: boosted trees that score beside the card and never decide.

What trains and scores them (LightGBM, scikit-learn) is the optional extra `challenger`; nothing that the
platform runs by itself imports it.
"""
