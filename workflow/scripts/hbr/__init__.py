"""HBR: does hardness-based resampling change class-wise gaps? Pure functions; the workflow calls them through thin scripts."""
