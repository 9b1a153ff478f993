"""Instance and class hardness, and the allocation that follows from it."""
