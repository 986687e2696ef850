"""Readers of one kind of file each, run in a confined process by `documents.confined`.

A module here is a format. It takes the bytes of a file and returns a Content, or raises Refusal.
Nothing here imports Django or anything else of ours: each upload starts Python anew, and what is
imported is shared by all of its files.
"""
