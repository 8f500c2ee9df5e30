"""The layouts of vendors and programs: each a small reader that tells a file of it, and reads one."""
