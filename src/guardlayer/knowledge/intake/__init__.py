"""Facts that nobody types in: from the tables and "key: value" lines of documents, and from databases."""
