# M3: growth: value ~ session (+ session²) + (session || dyad) + (1 | therapist), from 8 dyads on; below by two stages.
source(file.path(dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE),
                                                                value = TRUE)[1]))), "common.R"))
library(lme4)

growth <- function(d, outcome, entity) {
  if (!nrow(d)) return(invisible())
  n <- tapply(d$session, d$dyad, function(s) length(unique(s)))
  d <- d[d$dyad %in% names(n)[n >= 3], ]
  dyads <- sort(unique(d$dyad))
  if (!length(dyads) || length(unique(d$value)) < 2) return(invisible())
  each <- lapply(dyads, function(k) lm(value ~ session, d[d$dyad == k, ]))
  variance <- sum(vapply(each, function(m) sum(resid(m)^2), 0)) / sum(vapply(each, df.residual, 0))
  slope <- vapply(each, function(m) coef(m)[[2]], 0)
  v <- variance * vapply(each, function(m) summary(m)$cov.unscaled[2, 2], 0)
  for (i in seq_along(dyads)) say("M3", outcome, dyads[i], "session", slope[i], sqrt(v[i]))
  if (length(dyads) < 8) return(say_pooled("M3", outcome, entity, "session", over_dyads(slope, v, dyads, d)))
  mixed(d, outcome, entity, FALSE)
  n <- tapply(d$session, d$dyad, function(s) length(unique(s)))
  long <- d[d$dyad %in% names(n)[n >= 5], ]
  if (length(unique(long$dyad)) >= 8) mixed(long, outcome, entity, TRUE)
}
mixed <- function(d, outcome, entity, bent) {
  d$s <- d$session - mean(unique(d$session))
  n <- length(unique(d$therapist))
  one_each <- max(tapply(d$therapist, d$dyad, function(t) length(unique(t)))) == 1
  with <- n >= 4 && n < length(unique(d$dyad)) && one_each && all(!is.na(d$therapist))
  f <- paste("value ~ s", if (bent) "+ I(s^2)", "+ (1 | dyad) + (0 + s | dyad)", if (with) "+ (1 | therapist)")
  m <- lmer(as.formula(f), d)
  k <- nrow(coef(summary(m))); rows <- table(d$dyad)
  # Few dyads, some with twice the sessions of others, have the interval of 98 %.
  missed <- if (length(rows) < 12 && max(rows) >= 2 * min(rows)) 0.02 else 0.05
  say("M3", outcome, entity, if (bent) "session²" else "session", coef(summary(m))[k, 1], coef(summary(m))[k, 2],
      over_clusters(m, if (with) d$therapist else d$dyad, k, missed))
}
for (s in series()) growth(s$rows, s$name, s$entity)
finish("M3")
