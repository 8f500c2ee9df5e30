"""Everything up to and including the recording: drivers, codecs, recorder, recording."""
