# M1: stable and moving: value ~ 1 + (1 | person) + (1 | person:session)
source(file.path(dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE),
                                                                value = TRUE)[1]))), "common.R"))
library(lme4)

parted <- function(d, outcome, entity) {
  if (length(unique(d$person)) < 5) return(invisible())
  d$visit <- interaction(d$person, d$dyad, d$session, drop = TRUE)
  several <- any(duplicated(d$visit))
  n <- table(d$visit)
  k <- length(n) / length(unique(d$person))
  m <- if (several) lmer(value ~ 1 + (1 | person) + (1 | visit), d) else lmer(value ~ 1 + (1 | person), d)
  v <- as.data.frame(VarCorr(m))
  of <- function(g) v$vcov[v$grp == g]
  person <- of("person")
  session <- if (several) of("visit") else of("Residual")
  within <- if (several) of("Residual") else 0
  one <- session + within * mean(1 / n)
  if (!several && "se" %in% names(d) && any(is.finite(d$se))) {
    within <- min(mean(d$se^2, na.rm = TRUE), session)
    session <- session - within
  }
  total <- person + session + within
  say("M1", outcome, entity, "share_person", 100 * person / total)
  say("M1", outcome, entity, "share_session", 100 * session / total)
  if (within > 0) say("M1", outcome, entity, "share_within", 100 * within / total)
  say("M1", outcome, entity, "icc_1", person / (person + one))
  say("M1", outcome, entity, "icc_k", person / (person + one / k))
}
for (entity in c("client", "therapist")) {
  for (code in c("safety_now", "safety_body", "safety_judged")) parted(ratings(entity, code), code, entity)
  for (name in c("day_offset_hr", "day_offset_scl", "lnrmssd_rest", "time_in_pct"))
    parted(metric(entity, name), name, entity)
}
finish("M1")
