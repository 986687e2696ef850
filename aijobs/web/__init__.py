"""People come in: pages, forms and the reading behind them."""
