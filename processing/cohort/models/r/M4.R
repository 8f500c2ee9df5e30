# M4: coupling of dyads against pseudo-dyads, from csv/pairs.csv: the coupling of each therapist's hour with each
# client's, as attune computed it from the signals; and the lag over sessions and dyads.
source(file.path(dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE),
                                                                value = TRUE)[1]))), "common.R"))

pairs <- read.csv(file.path(here, "csv", "pairs.csv"), stringsAsFactors = FALSE)
pairs <- pairs[!is.na(pairs$value), ]
for (signal in unique(pairs$signal)) {
  p <- pairs[pairs$signal == signal, ]
  key <- paste(p$dyad, p$session); other <- paste(p$partner_dyad, p$partner_session)
  pseudo <- p$dyad != p$partner_dyad
  real <- key == other
  d <- p[real, ]
  k <- key[real]
  mine <- tapply(p$value[pseudo], key[pseudo], mean)[k]
  n <- table(key[pseudo])[k]
  theirs <- tapply(p$value[pseudo], other[pseudo], mean)[k]
  d$value <- d$value - mine - theirs + mean(p$value[pseudo])
  d <- d[is.finite(d$value) & n >= 2, ]
  if (!nrow(d)) next
  u <- plain_units(d$value, d$dyad)
  for (i in seq_len(nrow(u))) say("M4", paste0("sync_", signal), rownames(u)[i], "real", u$y[i], sqrt(u$v[i]))
  say_pooled("M4", paste0("sync_", signal), "dyad", "real", over_dyads(u$y, u$v, rownames(u), d))
}
tallied <- function(said, lead, outcome, entity) {
  side <- lead$value[paste(lead$dyad, lead$session) %in% paste(said$dyad, said$session)[said$value == 1]]
  n <- sum(said$value == 1)
  found <- c(therapist_first = sum(side == 1), client_first = sum(side == -1), together = sum(side == 0))
  for (term in names(found)) say("M4", outcome, entity, term, found[[term]])
  say("M4", outcome, entity, "no_clear_leader", n - sum(found))
  say("M4", outcome, entity, "not_stated", nrow(said) - n)
}
for (signal in c("hr", "scl", "sclslope")) {
  said <- metric("dyad", paste0("sync_", signal, "_stated"))
  lead <- metric("dyad", paste0("sync_", signal, "_lead"))
  for (k in sort(unique(said$dyad)))
    tallied(said[said$dyad == k, ], lead[lead$dyad == k, ], paste0("sync_", signal, "_lead"), k)
  if (nrow(said)) tallied(said, lead, paste0("sync_", signal, "_lead"), "dyad")
  d <- metric("dyad", paste0("sync_", signal, "_lag"))
  d <- d[is.finite(d$se) & d$se > 0, ]
  if (!nrow(d)) next
  for (k in sort(unique(d$dyad))) {
    m <- d[d$dyad == k, ]
    say_pooled("M4", paste0("sync_", signal, "_lag"), k, "lag", pooled(m$value, m$se^2))
  }
  u <- within_units(d$value, d$se^2, d$dyad)
  say_pooled("M4", paste0("sync_", signal, "_lag"), "dyad", "lag", over_dyads(u$y, u$v, rownames(u), d))
}
finish("M4")
