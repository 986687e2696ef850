"""What is as little as can be, to measure by."""
