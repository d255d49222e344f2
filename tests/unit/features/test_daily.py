"""Counts of a day equal those made one event after another, and those of several deliveries add up."""
