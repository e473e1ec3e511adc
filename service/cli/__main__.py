"""`python -m service.cli`: the same as `vifaq`."""

from service.cli.main import main

main()
