"""Which entity a name stands for: names with their scope and time, and context that decides, or a question back."""
