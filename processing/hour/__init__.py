"""The hour second by second, what a metric of it is, and intervals that hold: what metrics are made with."""
