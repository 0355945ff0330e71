"""What the neural families share: variance states, targets, training with Lightning, and draws a decision at a time."""
