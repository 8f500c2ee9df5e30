# M5: how soon excursions are answered (Kaplan-Meier a therapist, then over therapists), and ways back.
source(file.path(dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE),
                                                                value = TRUE)[1]))), "common.R"))
library(survival)

answers <- c("int_support", "int_regulate", "repair_attempt")
d <- table_of("excursions")
d <- d[d$entity == "client" & d$crossed, ]
d <- d[order(d$dyad, d$session, d$on), ]
given <- table_of("interventions")
marked <- unique(given[, c("dyad", "session")])
given <- given[given$entity == "client" & given$code %in% answers, ]
came <- d$answer %in% answers & !is.na(d$latency)
left <- d$off - d$on - 10
d$seconds <- ifelse(came, d$latency, left)
# The index shows what was 15 s ago: from then on, and after the excursion before, an answer is one to this.
for (i in seq_len(nrow(d))) {
  same <- d$dyad == d$dyad[i] & d$session == d$session[i]
  ended <- max(c(-Inf, d$off[same & d$on < d$on[i]]))
  begun <- given$on[given$dyad == d$dyad[i] & given$session == d$session[i]]
  early <- begun[begun >= d$on[i] - 15 & begun < d$on[i] + 10 & begun > ended]
  if (length(early)) { came[i] <- TRUE; d$seconds[i] <- min(early) - d$on[i] - 10 }
}
d$status <- as.numeric(came)
before <- 26
d <- d[is.finite(d$seconds) & (came | left > 0) & paste(d$dyad, d$session) %in% paste(marked$dyad, marked$session), ]
found <- lapply(split(d, d$therapist), function(m) {
  if (nrow(m) < 10 || sum(m$status) < 2) return(c(NA, NA, NA, NA))
  q <- quantile(survfit(Surv(seconds + before, status) ~ 1, m, conf.type = "log-log"), 0.5)
  q <- lapply(q, function(x) log(pmax(x - before, 1)))
  e <- if (is.na(q$upper)) (q$quantile - q$lower) / 1.96 else (q$upper - q$lower) / 3.92
  c(q$quantile, e^2, nrow(m), sum(m$status))
})
own <- vapply(found, `[`, 0, 2)
# One variance for all therapists, by how many excursions each median rests on; of their spread by answers.
by <- function(k) {
  n <- vapply(found, `[`, 0, k)
  pooled(vapply(found, `[`, 0, 1), mean((own * n)[own > 0], na.rm = TRUE) / n)
}
over <- by(3); differ <- by(4)
if (!is.null(over)) {
  say("M5", "answer_latency", "client", "median", exp(over$estimate), exp(over$estimate) * over$se)
  say("M5", "answer_latency", "client", "frailty_sd", differ$tau)
}

bins <- table_of("ways_back")
bins <- bins[bins$entity == "client", ]
terms <- c("steadiness", "depth", "speaking")
each <- lapply(split(bins, bins$dyad), function(m) {
  known <- terms[vapply(terms, function(t) any(is.finite(m[[t]])), TRUE)]
  m <- m[stats::complete.cases(m[, known, drop = FALSE]), ]
  key <- paste(m$session, m$excursion)
  if (length(unique(key)) < 40) return(NULL)
  x <- cbind(1, log1p(m$since), as.matrix(m[, known, drop = FALSE]))
  f <- glm.fit(x, as.numeric(m$returned), family = binomial())
  bread <- chol2inv(qr.R(f$qr)[seq_len(ncol(x)), ])
  u <- rowsum(x * (as.numeric(m$returned) - f$fitted.values), key)
  g <- nrow(u); n <- nrow(x)
  meat <- crossprod(u) * g / (g - 1) * (n - 1) / (n - ncol(x))
  # The larger of the model's error and that of whole excursions, as wide as Student's t makes it.
  se <- pmax(sqrt(diag(bread %*% meat %*% bread)), sqrt(diag(bread))) * qt(0.975, g - ncol(x)) / qnorm(0.975)
  data.frame(term = known, b = f$coefficients[-(1:2)], se = se[-(1:2)])
})
each <- Filter(Negate(is.null), each)
for (dyad in names(each)) for (i in seq_len(nrow(each[[dyad]])))
  say("M5", "return", dyad, each[[dyad]]$term[i], each[[dyad]]$b[i], each[[dyad]]$se[i])
for (t in terms) {
  of <- Filter(nrow, lapply(each, function(e) e[e$term == t, ]))
  say_pooled("M5", "return", "client", t,
             over_dyads(unlist(lapply(of, `[[`, "b")), unlist(lapply(of, `[[`, "se"))^2, names(of), bins))
}
finish("M5")
