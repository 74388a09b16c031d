"""``python -m tpi_dhis2`` is ``tpi-dhis2``."""

from tpi_dhis2.cli.main import main

main()
