"""Exercises that grade themselves: ``from styletransfer.exercises import check``.

`check` tries a student's function on fresh random data and says, in one line, whether it does
what the task asks, and where not, which mistake it looks like. The notebooks to fill in lie in
``chapters/exercises``; ``python -m styletransfer.exercises grade`` marks a folder of them. After
``speak('zh')`` the answers are Chinese.
"""

from styletransfer.exercises.checks import NotYetError as NotYetError
from styletransfer.exercises.checks import Result as Result
from styletransfer.exercises.checks import check as check
from styletransfer.exercises.language import speak as speak
