# The same as benchmarks/frames.cpp in data.table, with two threads: frame_peer.R questions FILE | joins FOLDER
suppressMessages(library(data.table))
setDTthreads(2)
arguments <- commandArgs(trailingOnly = TRUE)

seconds <- function(name, question, rounds = 2) {
  best <- min(sapply(seq_len(rounds), function(i) system.time(question())[["elapsed"]]))
  cat(paste0(name, " ", best, "\n"))
}

if (arguments[1] == "joins") {
  read <- function(name) fread(file.path(arguments[2], paste0(name, ".csv")), showProgress = FALSE)
  x <- read("x")
  small <- read("small"); medium <- read("medium"); big <- read("big")
  join <- function(name, right, key, all = FALSE) seconds(name, function() {
    both <- if (all) right[x, on = key] else x[right, on = key, nomatch = NULL]
    c(both[, sum(v1)], both[, sum(v2, na.rm = TRUE)], nrow(both))
  })
  join("frame_j1_s", small[, .(id1, v2)], "id1")
  join("frame_j2_s", medium[, .(id2, v2)], "id2")
  join("frame_j3_s", medium[, .(id2, v2)], "id2", all = TRUE)
  join("frame_j4_s", medium[, .(id5, v2)], "id5")
  join("frame_j5_s", big[, .(id3, v2)], "id3")
} else {
  seconds("csv_s", function() x <<- fread(arguments[2], showProgress = FALSE))
  seconds("frame_q1_s", function() x[, .(sum(v1)), by = id1])
  seconds("frame_q2_s", function() x[, .(sum(v1)), by = .(id1, id2)])
  seconds("frame_q3_s", function() x[, .(sum(v1), mean(v3)), by = id3])
  seconds("frame_q4_s", function() x[, .(mean(v1), mean(v2), mean(v3)), by = id4])
  seconds("frame_q5_s", function() x[, .(sum(v1), sum(v2), sum(v3)), by = id6])
  seconds("frame_q6_s", function() x[, .(median(v3), sd(v3)), by = .(id4, id5)])
  seconds("frame_q7_s", function() x[, .(a = max(v1), b = min(v2)), by = id3][, range := a - b])
  seconds("frame_q8_s", function() x[order(-v3), .(v3 = head(v3, 2L)), by = id6])
  seconds("frame_q9_s", function() x[, .(r2 = cor(v1, v2)^2), by = .(id2, id4)])
  seconds("frame_q10_s", function() x[, .(sum(v3), .N), by = .(id1, id2, id3, id4, id5, id6)])
}
