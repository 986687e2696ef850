"""Which column of a table holds which field. The guess is made where sheets are chosen, too."""

from .readers.columns import folded, guess_columns

__all__ = ["folded", "guess_columns"]
