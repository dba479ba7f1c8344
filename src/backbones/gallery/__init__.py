"""The explorers of the book, one module a chapter: drawing functions and their axes."""
