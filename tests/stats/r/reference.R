# The numbers in reference.csv: R's own answers for the three studies in this folder.
#   Rscript reference.R        (in this folder)
# R 4.2.2 with afex, emmeans, multcomp, lmerTest (Debian: r-cran-afex r-cran-emmeans r-cran-multcomp r-cran-lmertest)
suppressPackageStartupMessages({
  library(afex); library(emmeans); library(multcomp); library(lmerTest); library(MASS)
})
options(contrasts = c("contr.sum", "contr.poly"), digits = 15)
answers <- data.frame()
say <- function(case, name, value) {
  answers <<- rbind(answers, data.frame(case = case, name = name, value = as.numeric(value)))
}
ordered <- function(data, levels) {
  data$group <- factor(data$group, levels = levels)
  data$replicate <- factor(data$replicate)
  data$membrane <- factor(data$membrane)
  data$y <- log2(data$value)
  data
}
study <- ordered(read.csv("study.csv"), c("control", "low", "high"))
study$target <- factor(study$target, levels = unique(study$target))
blocks <- ordered(read.csv("blocks.csv"), c("control", "treated", "other"))
targets <- levels(study$target)
holm_sidak <- function(p) {
  o <- order(p); m <- length(p); a <- p
  a[o] <- cummax(1 - (1 - p[o])^(m - seq_along(p) + 1))
  a
}

# Two groups: ratio-paired t, Welch, Mann-Whitney, Wilcoxon; Holm-Sidak over the targets.
paired <- c(); welch <- c()
for (target in targets) {
  one <- study[study$target == target, ]
  a <- one$y[one$group == "high"]; b <- one$y[one$group == "control"]
  t <- t.test(a, b, paired = TRUE)
  say("paired", paste0(target, ".fold"), 2^mean(a - b))
  say("paired", paste0(target, ".low"), 2^t$conf.int[1])
  say("paired", paste0(target, ".high"), 2^t$conf.int[2])
  say("paired", paste0(target, ".p"), t$p.value)
  wide <- t.test(a, b, paired = TRUE, conf.level = 0.95^(1 / length(targets)))
  say("paired", paste0(target, ".sim_low"), 2^wide$conf.int[1])
  say("paired", paste0(target, ".sim_high"), 2^wide$conf.int[2])
  paired <- c(paired, t$p.value)
  w <- t.test(a, b)
  say("welch", paste0(target, ".t"), w$statistic)
  say("welch", paste0(target, ".df"), w$parameter)
  say("welch", paste0(target, ".p"), w$p.value)
  say("welch", paste0(target, ".low"), 2^w$conf.int[1])
  say("mann_whitney", paste0(target, ".p"), wilcox.test(a, b, exact = TRUE)$p.value)
  k <- kruskal.test(y ~ group, one)
  say("kruskal", paste0(target, ".H"), k$statistic)
  say("kruskal", paste0(target, ".p"), k$p.value)
  # Dunn's z by its definition
  r <- rank(one$y); n <- length(r); means <- tapply(r, one$group, mean); sizes <- table(one$group)
  ties <- table(one$y); v <- n * (n + 1) / 12 - sum(ties^3 - ties) / (12 * (n - 1))
  for (g in c("low", "high")) {
    z <- (means[[g]] - means[["control"]]) / sqrt(v * (1 / sizes[[g]] + 1 / sizes[["control"]]))
    say("kruskal", paste0(target, ".", g, ".p"), 2 * pnorm(-abs(z)))
  }
}
adjusted <- holm_sidak(paired)
for (i in seq_along(targets)) say("paired", paste0(targets[i], ".p_adjusted"), adjusted[i])
pooled <- study[study$group != "low", ]
d <- pooled$y[pooled$group == "high"] - pooled$y[pooled$group == "control"]
say("wilcoxon", "p", wilcox.test(d[1:12], exact = TRUE)$p.value)
say("wilcoxon", "V", wilcox.test(d[1:12], exact = TRUE)$statistic)

# Dunnett's integral to ten digits, for equal groups (correlation 1/2), without Monte Carlo.
dunnett <- function(t, m, df) {
  inner <- function(s) sapply(s, function(s) integrate(function(z)
    (pnorm((z + t * s * sqrt(2))) - pnorm((z - t * s * sqrt(2))))^m * dnorm(z),
    -9, 9, rel.tol = 1e-11, subdivisions = 1000)$value)
  # s = chi / sqrt(df); the density of s
  dens <- function(s) exp(log(2) + df / 2 * log(df / 2) - lgamma(df / 2) + (df - 1) * log(s) - df * s^2 / 2)
  1 - integrate(function(s) inner(s) * dens(s), 0, 6, rel.tol = 1e-10, subdivisions = 2000)$value
}
one_way <- function(case, fit, block_df) {
  means <- emmeans(fit, "group")
  dun <- as.data.frame(summary(contrast(means, "trt.vs.ctrl"), adjust = "none", infer = TRUE))
  for (i in 1:2) {
    g <- c("low", "high")[i]
    say(case, paste0(g, ".estimate"), dun$estimate[i])
    say(case, paste0(g, ".t"), dun$t.ratio[i])
    say(case, paste0(g, ".p"), dun$p.value[i])
    say(case, paste0(g, ".df"), dun$df[i])
    say(case, paste0(g, ".low"), 2^dun$lower.CL[i])
    say(case, paste0(g, ".dunnett"), dunnett(abs(dun$t.ratio[i]), 2, dun$df[i]))
  }
  pairs_ <- as.data.frame(summary(contrast(means, "revpairwise"), adjust = "tukey", infer = TRUE))
  for (i in 1:3) {
    name <- gsub(" ", "", as.character(pairs_$contrast[i]))
    say(case, paste0(name, ".tukey"), pairs_$p.value[i])
    say(case, paste0(name, ".tukey_low"), 2^pairs_$lower.CL[i])
  }
}
for (target in targets) {
  one <- study[study$target == target, ]
  plain <- lm(y ~ group, one); block <- lm(y ~ group + replicate, one)
  one_way(paste0("one_way.", target), plain)
  one_way(paste0("one_way_blocks.", target), block)
  say(paste0("one_way.", target), "F", anova(plain)$F[1])
  say(paste0("one_way.", target), "F.p", anova(plain)$`Pr(>F)`[1])
  say(paste0("one_way_blocks.", target), "F", anova(block)$F[1])
  say(paste0("one_way_blocks.", target), "F.p", anova(block)$`Pr(>F)`[1])
}

# Group + membrane, unbalanced; Dunnett by multcomp with mvtnorm at its finest.
fit <- lm(y ~ group + membrane, blocks)
out <- as.data.frame(summary(contrast(emmeans(fit, "group"), "trt.vs.ctrl"), adjust = "none", infer = TRUE))
set.seed(1)
glht_ <- summary(glht(fit, linfct = mcp(group = "Dunnett")),
                 test = adjusted("single-step", abseps = 1e-8, maxpts = 5e6))
tukey <- as.data.frame(summary(contrast(emmeans(fit, "group"), "revpairwise"), adjust = "tukey", infer = TRUE))
for (i in 1:2) {
  g <- c("treated", "other")[i]
  say("blocks", paste0(g, ".estimate"), out$estimate[i])
  say("blocks", paste0(g, ".se"), out$SE[i])
  say("blocks", paste0(g, ".df"), out$df[i])
  say("blocks", paste0(g, ".p"), out$p.value[i])
  say("blocks", paste0(g, ".dunnett"), glht_$test$pvalues[i])
}
for (i in 1:3) say("blocks", paste0(gsub(" ", "", as.character(tukey$contrast[i])), ".tukey"), tukey$p.value[i])
d <- drop1(fit, ~ ., test = "F")
say("blocks", "F", d["group", "F value"]); say("blocks", "F.p", d["group", "Pr(>F)"])
two <- droplevels(blocks[blocks$group != "other", ])
two_fit <- lm(y ~ group + membrane, two)
say("two_blocks", "p", summary(contrast(emmeans(two_fit, "group"), "trt.vs.ctrl"), adjust = "none")$p.value)
say("two_blocks", "df", df.residual(two_fit))

# Prism's two-way ANOVA, target x group: independent, and with subjects target x replicate.
two_way <- function(case, fit, m) {
  c_ <- contrast(emmeans(fit, "group", by = "target"), "trt.vs.ctrl")
  out <- as.data.frame(summary(c_, by = NULL, adjust = "none", infer = TRUE))
  sid <- as.data.frame(summary(c_, by = NULL, adjust = "sidak", infer = TRUE))
  for (i in seq_len(nrow(out))) {
    name <- paste0(out$target[i], ".", sub(" - control", "", out$contrast[i]))
    say(case, paste0(name, ".estimate"), out$estimate[i])
    say(case, paste0(name, ".p"), out$p.value[i])
    say(case, paste0(name, ".df"), out$df[i])
    say(case, paste0(name, ".sidak"), sid$p.value[i])
    say(case, paste0(name, ".sidak_low"), 2^sid$lower.CL[i])
  }
  holm <- holm_sidak(out$p.value)
  for (i in seq_len(nrow(out)))
    say(case, paste0(out$target[i], ".", sub(" - control", "", out$contrast[i]), ".holm_sidak"), holm[i])
}
plain <- lm(y ~ target * group, study)
two_way("prism", plain)
tab <- car::Anova(plain, type = 3)
say("prism", "interaction.F", tab["target:group", "F value"]); say("prism", "interaction.p", tab["target:group", "Pr(>F)"])
say("prism", "group.F", tab["group", "F value"]); say("prism", "group.p", tab["group", "Pr(>F)"])
study$subject <- interaction(study$target, study$replicate)
rm_fit <- suppressMessages(aov_ez("subject", "y", study, between = "target", within = "group", include_aov = TRUE))
uni <- summary(rm_fit)$univariate.tests
say("prism_paired", "interaction.F", uni["target:group", "F value"]); say("prism_paired", "interaction.p", uni["target:group", "Pr(>F)"])
say("prism_paired", "group.F", uni["group", "F value"]); say("prism_paired", "group.p", uni["group", "Pr(>F)"])
two_way("prism_paired", lm(y ~ target * group + subject, study))

# Genotype x treatment within a target: independent, and with the replicate as block.
f <- read.csv("factors.csv"); f$y <- log2(f$value); f$replicate <- factor(f$replicate)
f$genotype <- factor(f$genotype, c("WT", "KO")); f$treatment <- factor(f$treatment, c("vehicle", "drug"))
for (case in c("factors", "factors_paired")) {
  fit <- if (case == "factors") lm(y ~ genotype * treatment, f) else lm(y ~ genotype * treatment + replicate, f)
  tab <- car::Anova(fit, type = 3)
  for (e in c("genotype", "treatment", "genotype:treatment")) {
    say(case, paste0(e, ".F"), tab[e, "F value"]); say(case, paste0(e, ".p"), tab[e, "Pr(>F)"])
  }
  s <- as.data.frame(summary(contrast(emmeans(fit, "treatment", by = "genotype"), "trt.vs.ctrl"),
                             by = NULL, adjust = "none", infer = TRUE))
  for (i in 1:2) {
    say(case, paste0(s$genotype[i], ".fold"), 2^s$estimate[i]); say(case, paste0(s$genotype[i], ".p"), s$p.value[i])
    say(case, paste0(s$genotype[i], ".low"), 2^s$lower.CL[i])
  }
}

# Mixed model with Satterthwaite's df, on incomplete blocks, where it differs from fixed blocks.
mixed <- function(case, data, block) {
  data$block <- factor(data[[block]])
  data$group <- relevel(data$group, "control")
  contrasts(data$group) <- contr.treatment(nlevels(data$group))
  fit <- lmer(y ~ group + (1 | block), data, control = lmerControl(optCtrl = list(ftol_abs = 1e-14, xtol_abs = 1e-12)))
  tab <- coef(summary(fit, ddf = "Satterthwaite"))
  for (i in 2:nrow(tab)) {
    g <- levels(data$group)[i]
    say(case, paste0(g, ".estimate"), tab[i, "Estimate"]); say(case, paste0(g, ".se"), tab[i, "Std. Error"])
    say(case, paste0(g, ".df"), tab[i, "df"]); say(case, paste0(g, ".p"), tab[i, "Pr(>|t|)"])
  }
}
one <- study[study$target == "P53", ]
drop <- (one$replicate == "1" & one$group == "low") | (one$replicate == "3" & one$group == "control")
mixed("mixed", one[!drop, ], "replicate")
drop <- (one$replicate == "1" & one$group == "high") | (one$replicate == "2" & one$group == "high") |
  (one$replicate == "5" & one$group == "control")
for (target in targets) mixed(paste0("mixed.", target), study[study$target == target, ][!drop, ], "replicate")
mixed("mixed_membranes", blocks, "membrane")

# Dose series: four-parameter logistic of log2 with a factor a replicate; profile interval.
d <- read.csv("dose.csv"); d$y <- log2(d$value)
m <- sapply(2:4, function(i) (d$replicate == i) - (d$replicate == 1))
d$b2 <- m[, 1]; d$b3 <- m[, 2]; d$b4 <- m[, 3]
d$logd <- ifelse(d$dose > 0, log10(pmax(d$dose, 1e-9)), NA)
curve <- function(dose, a, b, e, h) {
  share <- ifelse(dose > 0, 1 / (1 + 10^(-h * (log10(pmax(dose, 1e-9)) - e))), 0)
  log2(2^a + (2^b - 2^a) * share)
}
fit <- nls(y ~ curve(dose, a, b, e, h) + r2 * b2 + r3 * b3 + r4 * b4, d,
           start = list(a = mean(d$y[d$dose == 0]), b = mean(d$y[d$dose == 1000]), e = 1.6, h = 1,
                        r2 = 0, r3 = 0, r4 = 0),
           algorithm = "port", control = nls.control(tol = 1e-10, maxiter = 500))
say("dose", "ec50", 10^coef(fit)[["e"]]); say("dose", "hill", coef(fit)[["h"]])
say("dose", "start", 2^coef(fit)[["a"]]); say("dose", "end", 2^coef(fit)[["b"]])
say("dose", "sd", summary(fit)$sigma)
ci <- suppressMessages(confint(fit, "e"))
say("dose", "low", 10^ci[[1]]); say("dose", "high", 10^ci[[2]])

# Power: noncentral t for a paired design.
say("power", "n5_d1.2", power.t.test(n = 5, delta = 1.2, sd = 1, type = "paired", strict = TRUE)$power)
say("power", "delta_n4", power.t.test(n = 4, sd = 1, power = 0.8, type = "paired", strict = TRUE, tol = 1e-10)$delta)
say("power", "n_d1", power.t.test(delta = 1, sd = 1, power = 0.8, type = "paired", strict = TRUE)$n)
say("power", "n_two_d1", power.t.test(delta = 1, sd = 1, power = 0.8, type = "two.sample", strict = TRUE)$n)
say("bartlett", "p", bartlett.test(split(pooled$y[pooled$group == "high"] - pooled$y[pooled$group == "control"],
                                         pooled$target[pooled$group == "high"]))$p.value)
answers$value <- formatC(answers$value, digits = 15, format = "g")
write.csv(answers, "reference.csv", row.names = FALSE, quote = FALSE)
