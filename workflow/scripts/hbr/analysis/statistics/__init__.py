"""Statistics of paired differences to the control: the variant is the unit of replication, members are nested in it."""
