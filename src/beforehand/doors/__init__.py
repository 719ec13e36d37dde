"""Every way in and out."""
