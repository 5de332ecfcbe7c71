"""What this machine has, what works, and the one command that mends what does not.

Nothing here imports MXNet before it has been tried in a process of its own: a doctor must be
able to come where it does not run.
"""
