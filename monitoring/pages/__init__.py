"""Pages that people look at: self-contained HTML, no script, nothing fetched, light and dark, printable."""
