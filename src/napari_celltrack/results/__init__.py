"""What runs have written, read again: tables, plots and the numbers behind them."""
