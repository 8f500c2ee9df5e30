# M7: outcome(s + 1) ~ within + mean so far + process(1) + outcome(s) + outcome(1) + (1 | client) + (1 | therapist),
# and the reverse.
source(file.path(dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE),
                                                                value = TRUE)[1]))), "common.R"))
library(lme4)

steps <- function(process, outcome, moderator = NULL) {
  now <- outcome[, c("dyad", "session", "client", "therapist", "value")]
  names(now)[5] <- "now"
  then <- data.frame(dyad = now$dyad, session = now$session - 1, after = now$now)
  first <- now[!duplicated(now$dyad), c("dyad", "now")]
  names(first)[2] <- "first"
  process <- ordered(process[, c("dyad", "session", "value")])
  process$mean <- ave(process$value, process$dyad, FUN = function(x) cumsum(x) / seq_along(x))
  process$start <- ave(process$value, process$dyad, FUN = function(x) x[1])
  d <- merge(process, now, by = c("dyad", "session"))
  d <- merge(merge(d, then, by = c("dyad", "session")), first, by = "dyad")
  if (!is.null(moderator)) {
    d$m <- moderator[d$client]
    d <- d[!is.na(d$m), ]
  }
  n <- table(d$dyad)
  d <- ordered(d[d$dyad %in% names(n)[n >= 3], ])
  if (!is.null(moderator)) d$m <- d$m - mean(d$m)
  d$within <- d$value - d$mean
  d
}
model <- function(process, outcome, process_name, outcome_name, entity, moderator = NULL, moderator_name = "") {
  d <- steps(process, outcome, moderator)
  if (length(unique(d$client)) < 8) return(invisible())
  t <- length(unique(d$therapist))
  one_each <- max(tapply(d$therapist, d$dyad, function(x) length(unique(x)))) == 1
  with <- t >= 4 && t < length(unique(d$dyad)) && one_each && all(!is.na(d$therapist))
  m <- lmer(as.formula(paste("after ~ within + mean + start + now + first", if (!is.null(moderator)) "+ m + m:within",
                             "+ (1 | client)", if (with) "+ (1 | therapist)")), d)
  s <- coef(summary(m))
  ends <- function(k) over_clusters(m, if (with) d$therapist else d$client, k)
  if (!is.null(moderator)) {
    k <- grep(":", rownames(s))
    return(say("M7", paste(outcome_name, "×", moderator_name), entity,
               paste0(process_name, "_within:", moderator_name), s[k, 1], s[k, 2], ends(k)))
  }
  for (t in c("within", "mean")) say("M7", outcome_name, entity, paste0(process_name, "_", t), s[t, 1], s[t, 2],
                                     if (t == "within") ends(2) else c(NA, NA))
}

# Covariates of clients that are numbers, or of two kinds.
people <- read.csv(file.path(here, "csv", "moderators.csv"), colClasses = c(client = "character"), check.names = FALSE)
moderators <- lapply(people[names(people) != "client"], setNames, people$client)
processes <- list()
for (p in list(c("client", "time_in_pct"), c("dyad", "joint_time_in_pct"), c("dyad", "sync_hr_es_perm"),
               c("dyad", "sync_scl_es_perm"))) {
  x <- metric(p[1], p[2])
  if (nrow(x)) processes[[length(processes) + 1]] <- list(rows = x, name = p[2], entity = p[1])
}
d <- work()
if (nrow(d)) for (kind in names(KINDS)) {
  x <- visits_of(d)
  x$value <- minutes_of(d[d$code %in% KINDS[[kind]], ], x)
  processes[[length(processes) + 1]] <- list(rows = x, name = paste0(kind, "_minutes"), entity = "dyad")
}
own <- Filter(function(s) s$entity == "client" && !s$name %in% unique(table_of("metrics_long")$metric) &&
                !grepl("^safety_", s$name), series())
for (s in own) {
  y <- s$rows
  name <- s$name
  for (p in processes) {
    model(p$rows, y, p$name, name, "client")
    model(y, p$rows, name, p$name, p$entity)
    for (m in names(moderators)) model(p$rows, y, p$name, name, "client", moderators[[m]], m)
  }
}
finish("M7")
