"""A row for each thing that happened in an hour: excursions, interventions, labels."""
