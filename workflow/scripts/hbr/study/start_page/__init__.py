"""The page that a study begins with: every sentence is computed from its tables, every sentence names the table it is from."""
