# M5: how soon excursions are answered (Kaplan-Meier a therapist, then over therapists), and ways back.
source(file.path(dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE),
                                                                value = TRUE)[1]))), "common.R"))
library(survival)

d <- table_of("excursions")
d <- d[d$entity == "client" & d$crossed, ]
marked <- unique(table_of("interventions")[, c("dyad", "session")])
came <- d$answer %in% c("int_support", "int_regulate", "repair_attempt") & !is.na(d$latency)
left <- d$off - d$on - 10
d$seconds <- pmax(ifelse(came, d$latency, left), 0.5)
d$status <- as.numeric(came)
d <- d[is.finite(d$seconds) & (came | left > 0) & paste(d$dyad, d$session) %in% paste(marked$dyad, marked$session), ]
found <- lapply(split(d, d$therapist), function(m) {
  if (nrow(m) < 10 || sum(m$status) < 2) return(c(NA, NA, NA))
  q <- quantile(survfit(Surv(seconds, status) ~ 1, m, conf.type = "log-log"), 0.5)
  e <- if (is.na(q$upper)) log(q$quantile / q$lower) / 1.96 else log(q$upper / q$lower) / 3.92
  c(log(q$quantile), e^2, sum(m$status))
})
own <- vapply(found, `[`, 0, 2)
n <- vapply(found, `[`, 0, 3)
# One variance for all therapists, by how many answers each median rests on.
over <- pooled(vapply(found, `[`, 0, 1), ifelse(is.na(own), NA, mean(own * n, na.rm = TRUE) / n))
if (!is.null(over)) {
  say("M5", "answer_latency", "client", "median", exp(over$estimate), exp(over$estimate) * over$se)
  say("M5", "answer_latency", "client", "frailty_sd", over$tau)
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
  of <- lapply(each, function(e) e[e$term == t, ])
  say_pooled("M5", "return", "client", t,
             pooled(unlist(lapply(of, `[[`, "b")), unlist(lapply(of, `[[`, "se"))^2))
}
finish("M5")
