"""Arrays worked on fast and exactly: labels as runs, strips, sparse samples, freed memory."""
