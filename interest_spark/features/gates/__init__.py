"""Quality gates: what is measured of a day, and whether it is as on the days before."""
