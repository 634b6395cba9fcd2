# What a user of MLflow's R client does, against a server of ours. Run by r_client.py:
#   Rscript r_client_flows.R URI
# Prints a line a flow and the closing line `N passed, N failed`. Files travel by MLflow's command
# line, as in R they always do; without MLFLOW_BIN their flow is left out, and named.
suppressPackageStartupMessages(library(mlflow))

mlflow_set_tracking_uri(commandArgs(TRUE)[1])
passed <- 0
failed <- 0

flow <- function(name, body) {
  outcome <- tryCatch({ force(body); NULL }, error = function(e) conditionMessage(e))
  while (!is.null(mlflow:::mlflow_get_active_run_id())) mlflow_end_run()
  if (is.null(outcome)) {
    passed <<- passed + 1
    cat("ok     ", name, "\n")
  } else {
    failed <<- failed + 1
    cat("FAILED ", name, ":", outcome, "\n")
  }
}

same <- function(expected, actual) {
  if (!isTRUE(all.equal(expected, actual, check.attributes = FALSE))) {
    stop(paste(deparse(actual), collapse = ""), " instead of ", paste(deparse(expected), collapse = ""))
  }
}

refused <- function(words, body) {
  outcome <- tryCatch({ force(body); NULL }, error = function(e) conditionMessage(e))
  if (is.null(outcome)) stop("not refused: ", words)
  if (!grepl(words, outcome, fixed = TRUE)) stop(words, " is not in ", outcome)
}

unique_name <- function(name) paste0(name, "-", paste(sample(letters, 8), collapse = ""))

flow("an experiment is made, renamed, tagged, deleted and brought back", {
  name <- unique_name("flights")
  id <- mlflow_create_experiment(name, tags = list(team = "a"))
  same(name, mlflow_get_experiment(id)$name)
  mlflow_set_experiment_tag("stage", "trial", id)
  tags <- mlflow_get_experiment(id)$tags[[1]]
  same(c("stage", "team"), sort(tags$key))
  mlflow_rename_experiment(paste0(name, "-2"), id)
  same(id, mlflow_get_experiment(name = paste0(name, "-2"))$experiment_id)
  mlflow_delete_experiment(id)
  same("deleted", mlflow_get_experiment(id)$lifecycle_stage)
  mlflow_restore_experiment(id)
  same("active", mlflow_get_experiment(id)$lifecycle_stage)
  refused("RESOURCE_ALREADY_EXISTS", mlflow_create_experiment(paste0(name, "-2")))
  refused("RESOURCE_DOES_NOT_EXIST", mlflow_get_experiment("987654321"))
})

flow("experiments are found by filter, order and page", {
  prefix <- unique_name("page")
  for (i in 1:5) mlflow_create_experiment(paste0(prefix, "-", i))
  filter <- paste0("name LIKE '", prefix, "%'")
  first <- mlflow_search_experiments(filter = filter, max_results = 3, order_by = list("name DESC"))
  same(paste0(prefix, "-", 5:3), first$experiments$name)
  rest <- mlflow_search_experiments(filter = filter, max_results = 3, order_by = list("name DESC"),
                                    page_token = first$next_page_token)
  same(paste0(prefix, "-", 2:1), rest$experiments$name)
})

flow("a run keeps params, metrics and tags", {
  experiment <- mlflow_create_experiment(unique_name("runs"))
  run <- mlflow_start_run(experiment_id = experiment)
  mlflow_set_tag("mlflow.runName", "first")
  mlflow_set_tag("colour", "red")
  mlflow_log_param("depth", 6)
  mlflow_log_metric("loss", 0.5, timestamp = 1000, step = 0)
  mlflow_log_metric("loss", 0.25, timestamp = 2000, step = 1)
  for (value in list(NaN, Inf, -Inf)) mlflow_log_metric(paste0("odd", value + 0), value)
  mlflow_set_tag("colour", "blue")
  mlflow_set_tag("passing", "yes")
  mlflow_delete_tag("passing")
  ended <- mlflow_end_run()
  same("FINISHED", ended$status)
  seen <- mlflow_get_run(run$run_id)
  same("first", seen$run_name)
  same("6", seen$params[[1]]$value)
  metrics <- seen$metrics[[1]]
  same(0.25, metrics$value[metrics$key == "loss"])
  stopifnot(is.nan(metrics$value[metrics$key == "oddNaN"]), metrics$value[metrics$key == "oddInf"] > 1e308)
  tags <- seen$tags[[1]]
  same("blue", tags$value[tags$key == "colour"])
  stopifnot(!("passing" %in% tags$key))
  history <- mlflow_get_metric_history("loss", run$run_id)
  same(c(0.5, 0.25), history$value)
  same(c(0, 1), as.numeric(history$step))
  refused("INVALID_PARAMETER_VALUE", mlflow_log_param("depth", 7, run_id = run$run_id))
})

flow("nested runs know their parent, and a killed run its end", {
  experiment <- mlflow_create_experiment(unique_name("nested"))
  outer <- mlflow_start_run(experiment_id = experiment)
  inner <- mlflow_start_run(experiment_id = experiment, nested = TRUE)
  tags <- mlflow_get_run(inner$run_id)$tags[[1]]
  same(outer$run_id, tags$value[tags$key == "mlflow.parentRunId"])
  same("KILLED", mlflow_end_run("KILLED")$status)
  same("FINISHED", mlflow_end_run()$status)
})

flow("a batch is logged whole, and a page after the other is read", {
  experiment <- mlflow_create_experiment(unique_name("batch"))
  run <- mlflow_start_run(experiment_id = experiment)
  steps <- 0:996
  mlflow_log_batch(metrics = data.frame(key = "loss", value = 1 / (steps + 1), step = steps, timestamp = steps),
                   params = data.frame(key = c("a", "b"), value = c("1", "2")),
                   tags = data.frame(key = "t", value = "v"))
  mlflow_end_run()
  same(997, nrow(mlflow_get_metric_history("loss", run$run_id)))
  same(2, nrow(mlflow_get_run(run$run_id)$params[[1]]))
})

flow("runs are found by metrics, params and tags, in order", {
  experiment <- mlflow_create_experiment(unique_name("search"))
  for (i in 1:4) {
    mlflow_start_run(experiment_id = experiment)
    mlflow_log_metric("auc", i / 10)
    mlflow_log_param("kind", if (i %% 2) "odd" else "even")
    mlflow_end_run()
  }
  found <- mlflow_search_runs("metrics.auc > 0.15 and params.kind = 'even'", experiment_ids = list(experiment),
                              order_by = list("metrics.auc DESC"))
  same(c(0.4, 0.2), sapply(found$metrics, function(m) m$value[m$key == "auc"]))
  gone <- found$run_id[1]
  mlflow_delete_run(gone)
  same(1, nrow(mlflow_search_runs("params.kind = 'even'", experiment_ids = list(experiment))))
  mlflow_restore_run(gone)
  same("active", mlflow_get_run(gone)$lifecycle_stage)
  refused("INVALID_PARAMETER_VALUE", mlflow_search_runs("metrics.auc >> 1", experiment_ids = list(experiment)))
})

flow("models and versions are registered, moved through stages and removed", {
  name <- unique_name("delays")
  mlflow_create_registered_model(name, tags = list(list(key = "team", value = "a")), description = "one")
  same(name, mlflow_get_registered_model(name)$name)
  mlflow_update_registered_model(name, "two")
  version <- mlflow_create_model_version(name, "s3://bucket/model", description = "first")
  same("1", as.character(version$version))
  mlflow_set_model_version_tag(name, version$version, "reviewed", "yes")
  mlflow_update_model_version(name, version$version, "better")
  same("better", mlflow_get_model_version(name, version$version)$description)
  moved <- mlflow_transition_model_version_stage(name, version$version, "Production")
  same("Production", moved$current_stage)
  latest <- mlflow_get_latest_versions(name, list("Production"))
  same("1", as.character(latest[[1]]$version))
  found <- mlflow_search_registered_models(filter = paste0("name = '", name, "'"))
  same(name, found$registered_models[[1]]$name)
  mlflow_rename_registered_model(name, paste0(name, "-2"))
  mlflow_delete_model_version(paste0(name, "-2"), version$version)
  mlflow_delete_registered_model(paste0(name, "-2"))
  refused("RESOURCE_DOES_NOT_EXIST", mlflow_get_registered_model(name))
})

if (Sys.getenv("MLFLOW_BIN") != "") {
  flow("files are logged, listed and brought back", {
    experiment <- mlflow_create_experiment(unique_name("files"))
    run <- mlflow_start_run(experiment_id = experiment)
    folder <- tempfile("folder")
    dir.create(file.path(folder, "deep"), recursive = TRUE)
    writeLines("one", file.path(folder, "one.txt"))
    writeLines("two", file.path(folder, "deep", "two.txt"))
    mlflow_log_artifact(file.path(folder, "one.txt"), "single")
    mlflow_log_artifact(folder, "many")
    mlflow_end_run()
    same(c("many", "single"), sort(mlflow_list_artifacts(run_id = run$run_id)$path))
    same("single/one.txt", mlflow_list_artifacts("single", run_id = run$run_id)$path)
    here <- mlflow_download_artifacts("many", run_id = run$run_id)
    same("two", readLines(file.path(here, "deep", "two.txt")))
  })
} else {
  cat("left out: files, for MLFLOW_BIN names no command line of MLflow\n")
}

cat(passed, "passed,", failed, "failed\n")
