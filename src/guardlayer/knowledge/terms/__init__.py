"""What words mean here: terms with their definition and figure, fiscal calendars, rules with their exceptions."""
