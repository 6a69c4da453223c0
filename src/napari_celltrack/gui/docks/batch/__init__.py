"""The dock *Batch*: can I do that to all of them."""
