# M2: the tolerated window: one Firth logit a client, felt_far ~ arousal + session; then over dyads.
source(file.path(dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE),
                                                                value = TRUE)[1]))), "common.R"))

firth <- function(x, y) {
  b <- rep(0, ncol(x))
  for (i in 1:200) {
    p <- plogis(drop(x %*% b)); w <- p * (1 - p)
    inverse <- solve(crossprod(x, x * w) + 1e-6 * diag(ncol(x)))
    h <- w * rowSums((x %*% inverse) * x)
    step <- drop(inverse %*% crossprod(x, y - p + h * (0.5 - p)))
    b <- b + step / max(1, max(abs(step)) / 2)
    if (max(abs(step)) < 1e-8) break
  }
  b
}
plain <- function(x, y) {
  b <- rep(0, ncol(x))
  for (i in 1:60) {
    p <- plogis(drop(x %*% b))
    step <- solve(crossprod(x, x * (p * (1 - p))) + 1e-6 * diag(ncol(x)), crossprod(x, y - p))
    b <- b + drop(step) / max(1, max(abs(step)) / 2)
    if (max(abs(step)) < 1e-6) break
  }
  eta <- drop(x %*% b)
  -sum(log1p(exp(ifelse(y > 0, -eta, eta))))
}
# Standard error of an edge's movement: half the width of the profile over the root of its cut.
movement <- function(a, y, s, side) {
  at <- s - mean(unique(s))
  x <- cbind(1, a - mean(a), at)
  b <- firth(x, y)
  if (side * b[2] <= 0) return(NULL)
  trend <- -b[3] / b[2]; edge <- mean(a) - b[1] / b[2]
  S <- length(unique(s))
  own <- cbind(sapply(unique(s), function(k) as.numeric(s == k)), a - mean(a))
  phi <- if (S > 2) max(1, 2 * (plain(own, y) - plain(x, y)) / (S - 2)) else 1
  cut <- if (phi > 1) phi * qf(0.95, 1, S - 2) else qchisq(0.95, 1)
  value <- function(edge, trend, ls) {
    k <- side * exp(min(max(ls, log(0.02)), log(50)))
    eta <- k * (a - edge - trend * at)
    p <- plogis(eta)
    info <- crossprod(x, x * (p * (1 - p)))
    sum(ifelse(y > 0, plogis(eta, log.p = TRUE), plogis(-eta, log.p = TRUE))) +
      0.5 * as.numeric(determinant(info)$modulus)
  }
  best <- value(edge, trend, log(side * b[2]))
  half <- function(which, way) {
    over <- function(d) {
      middle <- if (which == "edge") edge else trend
      other <- if (which == "edge") trend else edge
      f <- function(free) -if (which == "edge") value(middle + way * d, free[1], free[2]) else
        value(free[1], middle + way * d, free[2])
      o <- optim(c(other, log(side * b[2])), f, control = list(reltol = 1e-12, maxit = 2000))
      2 * (best + o$value) - cut
    }
    high <- 0.02
    most <- if (which == "edge") 12 else 3
    while (over(high) < 0) { high <- 2 * high; if (high > most) return(NA) }
    uniroot(over, c(0, high), tol = 1e-6)$root
  }
  scale <- sqrt(if (phi > 1) qf(0.95, 1, S - 2) else qchisq(0.95, 1))
  se <- function(which) (half(which, 1) + half(which, -1)) / (2 * scale)
  list(edge = edge, edge_se = se("edge"), trend = trend, trend_se = se("trend"))
}

labels <- table_of("labels")
labels <- labels[labels$entity == "client" & !is.na(labels$arousal) &
                   labels$scaling %in% c("anchored", "session"), ]
for (side in c("upper", "lower")) {
  far <- if (side == "upper") "felt_over" else "felt_under"
  d <- labels[labels$code %in% c(far, "felt_ok"), ]
  found <- list()
  for (dyad in sort(unique(d$dyad))) {
    m <- d[d$dyad == dyad, ]
    y <- as.numeric(m$code == far)
    if (length(y) < 20 || sum(y) < 3 || sum(y) == length(y) || length(unique(m$session)) < 3) next
    f <- movement(m$arousal, y, m$session, if (side == "upper") 1 else -1)
    if (is.null(f)) next
    found[[dyad]] <- f
    say("M2", paste0("tolerated_", side), m$person[1], "edge", f$edge, f$edge_se)
    say("M2", paste0("tolerated_", side), m$person[1], "movement", f$trend, f$trend_se)
  }
  of <- function(name) vapply(found, function(f) f[[name]], 0)
  if (length(found)) {
    for (term in c("edge", "movement")) {
      y <- of(if (term == "edge") "edge" else "trend")
      v <- of(if (term == "edge") "edge_se" else "trend_se")^2
      say_pooled("M2", paste0("tolerated_", side), "client", term, over_dyads(y, v, names(found), d))
      differ <- pooled(y, v)
      if (!is.null(differ)) say("M2", paste0("tolerated_", side), "client", paste0(term, "_sd"), differ$tau)
    }
  }
}
finish("M2")
