"""Heart: from ECG or intervals to beats, heart rate, its variability, and breathing."""
