"""FAQ sets: storing, importing, exporting and checking them."""
