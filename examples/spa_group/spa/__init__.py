"""Parts of the generator of a believable Zenoti drop; generate.py puts them together."""
