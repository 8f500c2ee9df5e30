# M6: dose and timing, and what followed marks beyond comparable moments.
source(file.path(dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE),
                                                                value = TRUE)[1]))), "common.R"))

d <- work()
kinds <- KINDS
if (nrow(d)) {
  visits <- visits_of(d)
  near <- table_of("excursions")
  near <- near[near$entity == "client" & !near$crossed, ]
  stretch <- mapply(function(dyad, s, on) any(near$dyad == dyad & near$session == s & near$on <= on & on < near$off),
                    d$dyad, d$session, d$on)
  d$place <- ifelse(is.finite(d$excursion), "out", ifelse(!is.finite(d$arousal), "unknown",
                    ifelse(stretch, "stretch", "in_band")))
  minutes <- function(rows) minutes_of(rows, visits)
  of <- lapply(kinds, function(codes) minutes(d[d$code %in% codes, ]))
  mean_of <- function(y, dyad, outcome, term) {
    u <- plain_units(y, dyad)
    say_pooled("M6", outcome, "client", term, over_dyads(u$y, u$v, rownames(u), visits))
  }
  mean_of(of$supportive, visits$dyad, "dose_minutes", "supportive")
  mean_of(of$change_oriented, visits$dyad, "dose_minutes", "change_oriented")
  mean_of(of$change_oriented - of$supportive, visits$dyad, "dose_minutes", "change_less_supportive")
  places <- c("in_band", "stretch", "out")
  for (kind in names(kinds)) {
    by <- sapply(places, function(p) minutes(d[d$code %in% kinds[[kind]] & d$place == p, ]))
    by <- matrix(by, ncol = 3, dimnames = list(NULL, places))
    there <- rowSums(by) > 0
    for (p in places) {
      share <- 100 * by[there, p] / rowSums(by)[there]
      if (length(share) && length(unique(tapply(share, visits$dyad[there], mean))) > 1)
        mean_of(share, visits$dyad[there], paste0(kind, "_timing"), p)
    }
  }
}
r <- table_of("responses")
r <- r[is.finite(r$value) & is.finite(r$se) & r$se > 0, ]
for (m in split(r, paste(r$entity, r$code, r$signal), drop = TRUE)) {
  u <- within_units(m$value, m$se^2, m$dyad)
  say_pooled("M6", paste0("response_", m$signal[1], "_", m$code[1]), m$entity[1], "matched", over_dyads(u$y, u$v, rownames(u), m))
}
finish("M6")
