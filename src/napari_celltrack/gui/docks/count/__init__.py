"""The dock *Count cells*: are the cells found."""
