"""Empatica EmbracePlus: raw .avro files, and .csv files of the care portal or made of the raw ones."""
