"""How the Message Batches API is spoken: the body that creates a batch, and errors in its words.

Pure, and below everything: the emulator speaks so to us, and we to those who use our own door.
"""
