# Read a store, pool estimates, and write rows. Sourced by M1.R ... M8.R.
#
#   Rscript M3.R [STORE]
#
# With a STORE and the package arrow its Parquet is read; else the CSV files beside these scripts, which hold
# the rows that the models look at.

here <- local({
  file <- sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))
  if (length(file)) dirname(normalizePath(file[1])) else "."
})
store <- commandArgs(TRUE)[1]

table_of <- function(name) {
  if (!is.na(store) && requireNamespace("arrow", quietly = TRUE)) {
    path <- file.path(store, name)
    rows <- if (dir.exists(path)) dplyr_free(arrow::open_dataset(path)) else
      as.data.frame(arrow::read_parquet(paste0(path, ".parquet")))
  } else {
    rows <- read.csv(file.path(here, "csv", paste0(name, ".csv")), stringsAsFactors = FALSE,
                     na.strings = "")
    for (code in intersect(c("dyad", "person", "client", "therapist"), names(rows)))
      rows[[code]] <- as.character(rows[[code]])
  }
  flags <- intersect(c("crossed", "censored", "returned"), names(rows))
  for (f in flags) rows[[f]] <- rows[[f]] %in% c(TRUE, "True", "TRUE", "true")
  rows
}
dplyr_free <- function(dataset) as.data.frame(arrow::Scanner$create(dataset)$ToTable())

# One value a session of a metric, of ratings (their mean), and of what was reported.
metric <- function(entity, name) {
  long <- table_of("metrics_long")
  ordered(long[long$entity == entity & long$metric == name & !is.na(long$value), ])
}
ordered <- function(rows) rows[order(rows$dyad, rows$session), ]
ratings <- function(entity, code) {
  labels <- table_of("labels")
  ordered(labels[labels$entity == entity & labels$code == code & !is.na(labels$value), ])
}
means <- function(rows) {
  if (!nrow(rows)) return(rows)
  out <- aggregate(value ~ dyad + session + person + client + therapist, rows, mean)
  ordered(out)
}
outcome_rows <- function(name) {
  rows <- table_of("outcomes")
  ordered(rows[rows$outcome == name & !is.na(rows$value), ])
}

# Every series that has one value a session.
series <- function() {
  wanted <- list(
    c("client", "time_in_pct"), c("client", "excursions_rate"), c("client", "recovery_t50"),
    c("client", "lnrmssd_rest"), c("client", "tolerated_upper"), c("client", "tolerated_lower"),
    c("therapist", "time_in_pct"), c("dyad", "joint_time_in_pct"), c("dyad", "sync_hr_es_perm"),
    c("dyad", "sync_scl_es_perm")
  )
  out <- lapply(wanted, function(w) list(rows = metric(w[1], w[2]), name = w[2], entity = w[1]))
  for (entity in c("client", "therapist")) for (code in c("safety_now", "safety_body", "safety_judged"))
    out[[length(out) + 1]] <- list(rows = means(ratings(entity, code)), name = code, entity = entity)
  reported <- table_of("outcomes")
  for (name in sort(unique(reported$outcome))) for (entity in sort(unique(reported$entity))) {
    d <- outcome_rows(name)
    out[[length(out) + 1]] <- list(rows = d[d$entity == entity, ], name = name, entity = entity)
  }
  forms <- table_of("instruments")
  forms <- forms[!is.na(forms$value), ]
  forms$scale[is.na(forms$scale)] <- ""
  key <- ifelse(forms$scale %in% c("", "total"), paste(forms$instrument, forms$when, sep = "_"),
                paste(forms$instrument, forms$scale, forms$when, sep = "_"))
  for (d in split(cbind(forms, key = key), paste(forms$entity, key), drop = TRUE))
    out[[length(out) + 1]] <- list(rows = ordered(d), name = d$key[1], entity = d$entity[1])
  Filter(function(s) nrow(s$rows) > 0, out)
}
KINDS <- list(supportive = c("int_support", "int_regulate"),
              change_oriented = c("int_express", "int_restructure"))
# A row for each session with a marked intervention, and the minutes of some of them in each.
work <- function() {
  d <- table_of("interventions")
  d[d$entity == "client" & !is.na(d$minutes), ]
}
visits_of <- function(d) ordered(unique(d[, c("dyad", "session", "client", "therapist")]))
minutes_of <- function(rows, visits) {
  found <- tapply(rows$minutes, paste(rows$dyad, rows$session), sum)[paste(visits$dyad, visits$session)]
  unname(ifelse(is.na(found), 0, found))
}

# REML over units with the interval of Hartung, Knapp, Sidik and Jonkman; NULL with fewer than three.
pooled <- function(y, v) {
  ok <- is.finite(y) & is.finite(v) & v > 0
  y <- y[ok]; v <- v[ok]; k <- length(y)
  if (k < 3) return(NULL)
  lost <- function(tau2) {
    w <- 1 / (v + tau2); mu <- sum(w * y) / sum(w)
    -sum(log(w)) + log(sum(w)) + sum(w * (y - mu)^2)
  }
  most <- 10 * var(y) + 1e-12
  tau2 <- optimize(lost, c(0, most), tol = 1e-10 * most)$minimum
  if (lost(0) <= lost(tau2)) tau2 <- 0
  w <- 1 / (v + tau2); mu <- sum(w * y) / sum(w)
  se <- sqrt(sum(w * (y - mu)^2) / (k - 1) / sum(w))
  list(estimate = mu, se = se, tau = sqrt(tau2), k = k)
}
# Means of units over their sessions, which may differ truly.
within_units <- function(y, v, unit) {
  each <- split(data.frame(y = y, v = v), unit)
  several <- Filter(function(e) nrow(e) > 1, each)
  freedom <- sum(vapply(several, function(e) nrow(e) - 1, 0))
  tau2 <- 0
  if (freedom > 0) {
    squares <- sum(vapply(several, function(e) sum((e$y - mean(e$y))^2), 0))
    expected <- sum(vapply(several, function(e) mean(e$v) * (nrow(e) - 1), 0))
    tau2 <- max(0, (squares - expected) / freedom)
  }
  data.frame(
    y = vapply(each, function(e) sum(e$y / (e$v + tau2)) / sum(1 / (e$v + tau2)), 0),
    v = vapply(each, function(e) 1 / sum(1 / (e$v + tau2)), 0)
  )
}
# Over dyads; by therapists, as units, where these can be told from their dyads: at least four, fewer than dyads.
over_dyads <- function(y, v, dyad, rows) {
  ok <- is.finite(y) & is.finite(v) & v > 0
  y <- y[ok]; v <- v[ok]; dyad <- as.character(dyad)[ok]
  of <- unique(rows[rows$dyad %in% dyad, c("dyad", "therapist")])
  t <- length(unique(of$therapist))
  if (any(is.na(of$therapist) | of$therapist == "") || anyDuplicated(of$dyad) || t < 4 || t >= nrow(of))
    return(pooled(y, v))
  u <- within_units(y, v, of$therapist[match(dyad, of$dyad)])
  pooled(u$y, u$v)
}
# Means of units by their sessions' plain means, with one variance of sessions for all.
plain_units <- function(y, unit) {
  each <- split(y, unit)
  freedom <- max(length(y) - length(each), 1)
  within <- sum(vapply(each, function(e) sum((e - mean(e))^2), 0)) / freedom
  if (within == 0) within <- 1
  data.frame(y = vapply(each, mean, 0), v = within / lengths(each))
}

# 95 % interval of a fixed effect of an lmer, from how clusters spread about it (CR2: Bell & McCaffrey 2002,
# Pustejovsky & Tipton 2018). The package clubSandwich has the same error, with Satterthwaite's t.
over_clusters <- function(m, cluster, column, missed = 0.05) {
  x <- unname(as.matrix(getME(m, "X"))); left <- getME(m, "y") - as.vector(x %*% fixef(m))
  half <- as.matrix(crossprod(getME(m, "Zt"), getME(m, "Lambda")))
  v <- sigma(m)^2 * (tcrossprod(half) + diag(nrow(x)))
  at <- split(seq_len(nrow(x)), as.character(cluster))
  inverse <- solve(Reduce(`+`, lapply(at, function(i) crossprod(x[i, , drop = FALSE], solve(v[i, i], x[i, , drop = FALSE])))))
  each <- lapply(at, function(i) {
    xi <- x[i, , drop = FALSE]; root <- chol(v[i, i])
    e <- eigen(root %*% (v[i, i] - xi %*% inverse %*% t(xi)) %*% t(root), symmetric = TRUE)
    k <- e$values > 1e-10 * max(e$values)
    power <- e$vectors[, k, drop = FALSE] %*% (t(e$vectors[, k, drop = FALSE]) / sqrt(e$values[k]))
    h <- t(root) %*% power %*% root %*% solve(v[i, i], xi) %*% inverse[, column]
    list(score = sum(h * left[i]), pull = as.vector(crossprod(xi, h)), own = sum(h * (v[i, i] %*% h)))
  })
  pull <- do.call(rbind, lapply(each, `[[`, "pull"))
  spread <- diag(vapply(each, `[[`, 0, "own")) - pull %*% inverse %*% t(pull)
  parts <- pmax(eigen(spread, symmetric = TRUE)$values, 0); parts <- parts / sum(parts)
  tail <- function(t) 2 / pi * integrate(function(a) vapply(a, function(b) prod((1 + t^2 * parts / sin(b)^2)^-0.5), 0),
                                         0, pi / 2, rel.tol = 1e-9)$value
  reach <- uniroot(function(t) tail(t) - missed, c(1, 40), tol = 1e-9)$root * sqrt(sum(vapply(each, `[[`, 0, "score")^2))
  unname(fixef(m)[column]) + c(-1, 1) * reach
}

rows <- list()
say <- function(model, outcome, entity, term, estimate, se = NA, ends = c(NA, NA)) {
  rows[[length(rows) + 1]] <<- data.frame(model, outcome, entity, term, estimate = unname(estimate),
                                          se = unname(se), ci_low = ends[1], ci_high = ends[2])
}
say_pooled <- function(model, outcome, entity, term, over) {
  if (!is.null(over)) say(model, outcome, entity, term, over$estimate, over$se)
}
finish <- function(model) {
  out <- if (length(rows)) do.call(rbind, rows) else data.frame()
  write.csv(out, file.path(here, paste0(model, "_r.csv")), row.names = FALSE)
  print(out, digits = 5, row.names = FALSE)
}
