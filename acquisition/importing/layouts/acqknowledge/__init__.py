"""AcqKnowledge: its .acq files, and the .txt that it exports."""
