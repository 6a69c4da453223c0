"""The dock *Movie & preprocess*: is my movie read correctly."""
