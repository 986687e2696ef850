"""How quick it is: `make bench`. Each file here measures one subject, side by side with others.

Nothing asserts on a time: the table says what was aimed at and what came of it.
"""
