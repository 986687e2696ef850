"""A local stand-in for the Message Batches and Messages APIs: official shapes, emulated answers.

It knows nothing of the application and can be started by itself: `python -m aijobs.emulator`.
"""
