"""The lists of a person that people go through and sign: medicines, allergies, problems."""
