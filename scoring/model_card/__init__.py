"""The model card: what a scorecard is for, what it was made of, how good it is and where it must not be used.

The layout follows Mitchell et al., Model Cards for Model Reporting (2019).
"""
