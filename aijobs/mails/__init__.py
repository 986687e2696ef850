"""E-mails about work: who chose to be told is told once, with numbers and a link, never with text.

`writing` stores them in the transaction of what they tell; `inform` sends them; `leaving` is the
link at their end that stops them.
"""
