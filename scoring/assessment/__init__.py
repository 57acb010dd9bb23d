"""Assessment of a card on rows that it was not fitted to: worth, stability, costs, robustness, fairness."""
