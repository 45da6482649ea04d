"""What is measured, one kind of work a module. Each has `measure(machine, folder) -> list[Row]`."""
