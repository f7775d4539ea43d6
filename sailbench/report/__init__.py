"""From summaries to what people read: the terminal's table and progress, Markdown, CSV, JSON."""
