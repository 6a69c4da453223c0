"""Fast and exact work on arrays: labels as runs, strips, sparse samples, freed memory."""
