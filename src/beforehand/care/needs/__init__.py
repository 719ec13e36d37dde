"""Needs and the worklist: what somebody does next, and until when."""
