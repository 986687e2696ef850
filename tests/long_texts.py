"""Texts on both sides of the step in the price of Haiku 5.5."""

# Some 150,000 tokens are expected of it, of which quotes take 85 % for likely.
LONG = "word " * 90_000
# Of these 83,000: not even the upper end of a quote is beyond the step.
SHORT_ENOUGH = "word " * 50_000
