"""C-CDA documents: R2.1, with the templates of R1.1 and R2.0 where they differ."""
