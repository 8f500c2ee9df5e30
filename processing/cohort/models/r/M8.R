# M8: dynamic complexity (fluctuation x distribution) of series of sessions, windows of seven.
source(file.path(dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE),
                                                                value = TRUE)[1]))), "common.R"))

fluctuation <- function(w, span) {
  s <- sign(diff(w))
  points <- c(1, which(s[-1] != s[-length(s)]) + 1, length(w))
  sum(abs(diff(w[points])) / diff(points)) / (span * (length(w) - 1))
}
distribution <- function(w, low, high) {
  m <- length(w); even <- seq(low, high, length.out = m); x <- sort(w); r <- g <- 0
  for (e in 1:(m - 1)) for (d in (e + 1):m) for (a in e:(d - 1)) for (b in (a + 1):d) {
    gap <- even[b] - even[a]
    r <- r + max(0, gap - (x[b] - x[a])); g <- g + gap
  }
  1 - r / g
}
complexity <- function(d, outcome, low, high) {
  for (k in sort(unique(d$dyad))) {
    y <- d$value[d$dyad == k]
    if (length(y) < 7) next
    c <- sapply(1:(length(y) - 6), function(i) fluctuation(y[i:(i + 6)], high - low) *
                  distribution(y[i:(i + 6)], low, high))
    say("M8", outcome, k, "complexity_mean", mean(c))
    say("M8", outcome, k, "complexity_highest", max(c))
  }
}
for (s in series()) {
  bounds <- switch(s$name, time_in_pct = , joint_time_in_pct = c(0, 100),
                   safety_now = , safety_body = , safety_judged = c(0, 10), range(s$rows$value))
  if (diff(bounds) > 0) complexity(s$rows, s$name, bounds[1], bounds[2])
}
finish("M8")
