"""What jobs will cost, told before they run, and learned from what others cost."""
