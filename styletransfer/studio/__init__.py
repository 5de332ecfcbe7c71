"""The studio: a page in the browser on which one paints; the words are those of the commands.

What a page asks for is an `orders.Order`, and that is a command line. A process of its own paints
it (`painter`) as the command would, one at a time (`line`); so the picture is the command's, to
the bit.
"""
