"""The dock *Track cells*: are the cells followed, and where does it fail."""
