"""What a person must do next: tasks with an owner and a due time."""
