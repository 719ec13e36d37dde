"""A simulated year: an invented world sends, this product looks ahead, a coordinator works its list, and we count."""
