"""Images, prepared data sets and plans."""
