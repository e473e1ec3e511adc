"""One file per revision; the newest has no successor."""
