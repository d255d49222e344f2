"""How sure a figure is: intervals of means and of paired differences, and tests of these."""
