"""``python -m guardlayer.cli``: the same, where another package has taken the ``guardlayer`` command."""

from guardlayer.cli import main

main()
