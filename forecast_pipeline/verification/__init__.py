"""Proof on a person's own lake that nothing looked ahead: hashes, rebuilt pasts, replayed serving, planted leaks.

What belongs here: checks that take the finished pipeline as it is and try to catch it, and the leaks that are
planted to show that the checks can.

What does not belong here: the checks that a stage runs before it publishes (those stand in the stage).
"""
