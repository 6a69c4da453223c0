"""The dock *Measure & plots*: what are the numbers."""
