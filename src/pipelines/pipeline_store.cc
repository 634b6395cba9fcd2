#include "pipelines/pipeline_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>

#include "base/digest.h"
#include "base/error.h"
#include "pipelines/sql.h"

namespace millwright::pipelines {
namespace {

std::map<std::string, std::string> MapOf(const std::string& json) {
  std::map<std::string, std::string> map;
  const Json parsed = ParseJson(json);
  for (const auto& [name, value] : parsed.AsObject()) map[name] = value.AsString();
  return map;
}

std::string JsonOf(const std::map<std::string, std::string>& map) {
  Json json = Json::MakeObject();
  for (const auto& [name, value] : map) json.Set(name, value);
  return json.Dump();
}

Pipeline PipelineFrom(const storage::Row& row) {
  Pipeline pipeline{.name = row.Text(0),
                    .version = row.Int(1),
                    .digest = row.Text(2),
                    .yaml = row.Text(3),
                    .triggers_after = row.Int(4),
                    .updated_ms = row.Int(5),
                    .who = row.Text(6)};
  pipeline.spec = std::make_shared<const PipelineSpec>(ParsePipeline(pipeline.yaml));
  return pipeline;
}

PipelineRun RunFrom(const storage::Row& row) {
  return {.id = PipelineRunId(row.Text(0)),
          .pipeline = row.Text(1),
          .version = row.Int(2),
          .state = ParseRunState(row.Text(3)),
          .params = MapOf(row.Text(4)),
          .event = row.Text(5).empty() ? Json() : ParseJson(row.Text(5)),
          .trigger_number = row.Int(6),
          .who = row.Text(7),
          .message = row.Text(8),
          .cancelled_by = row.Text(9),
          .created_ms = row.Int(10),
          .started_ms = row.OptionalInt(11),
          .ended_ms = row.OptionalInt(12)};
}

Task TaskFrom(const storage::Row& row) {
  Task task{.name = row.Text(0),
            .state = ParseTaskState(row.Text(2)),
            .outputs = MapOf(row.Text(3)),
            .message = row.Text(4),
            .not_before_ms = row.Int(5),
            .started_ms = row.OptionalInt(6),
            .ended_ms = row.OptionalInt(7)};
  const Json needs = ParseJson(row.Text(1));
  for (const Json& need : needs.AsArray()) task.needs.push_back(need.AsString());
  return task;
}

Attempt AttemptFrom(const storage::Row& row) {
  return {.number = row.Int(1),
          .state = ParseAttemptState(row.Text(2)),
          .owner = row.Text(3),
          .message = row.Text(4),
          .exit_code = row.OptionalInt(5),
          .started_ms = row.Int(6),
          .ended_ms = row.OptionalInt(7)};
}

// A page token is the place of the last run of a page: "<created_ms>:<id>".
struct Place {
  int64_t created_ms = std::numeric_limits<int64_t>::max();
  std::string id;
};

Place ParsePageToken(const std::string& token) {
  if (token.empty()) return {};
  const size_t colon = token.find(':');
  Place place;
  const auto [end, error] =
      std::from_chars(token.data(), token.data() + token.size(), place.created_ms);
  if (colon == token.npos || error != std::errc() || end != token.data() + colon) {
    throw InvalidArgument("Not a page token of this list: {}", token).WithField("page_token");
  }
  place.id = token.substr(colon + 1);
  return place;
}

std::string ReadPiece(const std::filesystem::path& file, int64_t offset, int64_t bytes_max) {
  std::ifstream in(file, std::ios::binary);
  in.seekg(offset);
  std::string text(bytes_max, '\0');
  in.read(text.data(), bytes_max);
  text.resize(std::max<std::streamsize>(in.gcount(), 0));
  return text;
}

int64_t SizeOf(const std::filesystem::path& file) {
  std::error_code absent;  // an attempt that was lost before it started has no file
  const auto size = std::filesystem::file_size(file, absent);
  return absent ? 0 : static_cast<int64_t>(size);
}

}  // namespace

Params ResolveParams(const PipelineSpec& spec, const Params& given) {
  Params params;
  for (const ParamSpec& param : spec.params) {
    const auto found = given.find(param.name);
    if (found != given.end()) {
      params[param.name] = found->second;
    } else if (param.fallback) {
      params[param.name] = *param.fallback;
    } else {
      throw InvalidArgument("Parameter {} of pipeline {} is missing", param.name, spec.name)
          .WithField("params." + param.name);
    }
  }
  for (const auto& [name, value] : given) {
    if (params.contains(name)) continue;
    throw InvalidArgument("Pipeline {} has no parameter {}", spec.name, name)
        .WithField("params." + name);
  }
  return params;
}

PipelineStore::PipelineStore(storage::Database& database, events::EventLog& events,
                             const Clock& clock, std::filesystem::path dir)
    : database_(database), events_(events), clock_(clock), dir_(std::move(dir)) {}

Pipeline PipelineStore::Register(const std::string& yaml, const std::string& who) {
  const PipelineSpec spec = ParsePipeline(yaml);
  const std::string digest = Sha256Hex(yaml);
  const int64_t last_event = events_.Last();
  database_.Write([&](storage::Connection& connection) {
    const auto row = connection.SelectOne(sql::kFindPipeline, {spec.name});
    if (row && row->Text(2) == digest) return;
    const int64_t version = row ? row->Int(1) + 1 : 1;
    const int64_t now_ms = clock_.NowMs();
    connection.Execute(sql::kSavePipeline,
                       {spec.name, version, digest, yaml, last_event, now_ms, who});
    connection.Execute(sql::kInsertPipelineVersion,
                       {spec.name, version, digest, yaml, now_ms, who});
    events_.Append(connection, "pipeline.registered", "pipeline:" + spec.name, who,
                   Json::Of({{"pipeline", spec.name}, {"version", version}}));
  });
  return Get(spec.name);
}

std::vector<Pipeline> PipelineStore::List() {
  std::vector<Pipeline> pipelines;
  for (const storage::Row& row : database_.Read([](storage::Connection& connection) {
         return connection.Select(sql::kListPipelines);
       })) {
    pipelines.push_back(PipelineFrom(row));
  }
  return pipelines;
}

Pipeline PipelineStore::Get(const std::string& name) {
  const auto row = database_.Read([&](storage::Connection& connection) {
    return connection.SelectOne(sql::kFindPipeline, {name});
  });
  if (!row) throw NotFound("Pipeline", name);
  return PipelineFrom(*row);
}

std::shared_ptr<const PipelineSpec> PipelineStore::SpecOf(const std::string& name,
                                                          int64_t version) {
  const auto row = database_.Read([&](storage::Connection& connection) {
    return connection.SelectOne(sql::kPipelineVersionText, {name, version});
  });
  if (!row) throw NotFound("Pipeline version", fmt::format("{}@{}", name, version));
  return std::make_shared<const PipelineSpec>(ParsePipeline(row->Text(0)));
}

PipelineRunId PipelineStore::InsertRun(storage::Connection& connection, const Pipeline& pipeline,
                                       const Params& params, const std::string& who,
                                       const Json& event, int64_t trigger_number) {
  const PipelineRunId id(NewShortId("pr-"));
  connection.Execute(sql::kInsertRun, {id.str(), pipeline.name, pipeline.version, JsonOf(params),
                                       event.is_null() ? std::string() : event.Dump(),
                                       trigger_number, who, clock_.NowMs()});
  std::vector<std::vector<storage::Value>> rows;
  for (const TaskSpec& task : pipeline.spec->tasks) {
    Json needs = Json::MakeArray();
    for (const size_t need : task.needs) needs.Append(pipeline.spec->tasks[need].name);
    rows.push_back({id.str(), task.name, static_cast<int64_t>(rows.size()), needs.Dump()});
  }
  connection.ExecuteMany(sql::kInsertTask, rows);
  Json payload = Json::Of({{"pipeline", pipeline.name}, {"version", pipeline.version}});
  if (!event.is_null()) payload.Set("event", event.At("seq"));
  events_.Append(connection, "pipeline_run.created", "pipeline_run:" + id.str(), who, payload);
  return id;
}

PipelineRunId PipelineStore::Start(const std::string& name, const Params& params,
                                   const std::string& who) {
  const Pipeline pipeline = Get(name);
  const Params resolved = ResolveParams(*pipeline.spec, params);
  return database_.Write([&](storage::Connection& connection) {
    return StartIn(connection, pipeline, resolved, who);
  });
}

PipelineRunId PipelineStore::StartIn(storage::Connection& connection, const Pipeline& pipeline,
                                     const Params& params, const std::string& who) {
  const std::string& name = pipeline.name;
  const auto queued =
      connection.SelectOne(sql::kCountLiveRuns, {name, std::string(Name(RunState::kQueued))});
  if (queued->Int(0) >= kQueuedRunsMax) {
    throw ResourceExhausted("{} runs of pipeline {} are queued", kQueuedRunsMax, name);
  }
  return InsertRun(connection, pipeline, params, who, Json(), -1);
}

void PipelineStore::Cancel(const PipelineRunId& id, const std::string& who) {
  database_.Write([&](storage::Connection& connection) {
    const auto row = connection.SelectOne(sql::kFindRun, {id.str()});
    if (!row) throw NotFound("Pipeline run", id.str());
    const PipelineRun run = RunFrom(*row);
    if (Ended(run.state)) {
      throw FailedPrecondition("Pipeline run {} has ended: {}", id.str(), Name(run.state));
    }
    const std::string subject = "pipeline_run:" + id.str();
    Json payload = Json::Of({{"pipeline", run.pipeline}});
    if (run.state == RunState::kRunning) {
      connection.Execute(sql::kRequestCancel, {id.str(), who});
      events_.Append(connection, "pipeline_run.cancel_requested", subject, who, payload);
      return;
    }
    const std::string state(Name(RunState::kCancelled));
    connection.Execute(sql::kEndRun, {id.str(), state, "cancelled by " + who, clock_.NowMs()});
    connection.Execute(sql::kCancelTasksOfRun, {id.str(), clock_.NowMs()});
    events_.Append(connection, "pipeline_run.finished", subject, who, payload.Set("state", state));
  });
}

RunPage PipelineStore::ListRuns(const std::string& pipeline, int limit,
                                const std::string& page_token) {
  const Place place = ParsePageToken(page_token);
  const int64_t rows = std::clamp(limit, 1, kRunsPageMax);
  RunPage page;
  for (const storage::Row& row : database_.Read([&](storage::Connection& connection) {
         return connection.Select(sql::kListRuns, {pipeline, place.created_ms, place.id, rows + 1});
       })) {
    page.runs.push_back(RunFrom(row));
  }
  if (static_cast<int64_t>(page.runs.size()) > rows) {
    page.runs.pop_back();
    page.next_page_token =
        fmt::format("{}:{}", page.runs.back().created_ms, page.runs.back().id.str());
  }
  return page;
}

PipelineRun PipelineStore::LoadRun(storage::Connection& connection, const PipelineRunId& id) {
  const auto row = connection.SelectOne(sql::kFindRun, {id.str()});
  if (!row) throw NotFound("Pipeline run", id.str());
  PipelineRun run = RunFrom(*row);
  std::map<std::string, size_t> position;
  for (const storage::Row& task : connection.Select(sql::kTasksOfRun, {id.str()})) {
    position[task.Text(0)] = run.tasks.size();
    run.tasks.push_back(TaskFrom(task));
  }
  for (const storage::Row& attempt : connection.Select(sql::kAttemptsOfRun, {id.str()})) {
    run.tasks[position.at(attempt.Text(0))].attempts.push_back(AttemptFrom(attempt));
  }
  return run;
}

int64_t PipelineStore::CountRuns() {
  return database_.Read([](storage::Connection& connection) {
    return connection.SelectOne(sql::kCountRuns)->Int(0);
  });
}

PipelineRun PipelineStore::GetRun(const PipelineRunId& id) {
  return database_.Read([&](storage::Connection& connection) { return LoadRun(connection, id); });
}

std::filesystem::path PipelineStore::LogFile(const PipelineRunId& id, const std::string& task,
                                             int64_t attempt) const {
  return DirOf(id) / fmt::format("{}.{}.log", task, attempt);
}

LogPiece PipelineStore::ReadLog(const PipelineRunId& id, const std::string& task, int64_t attempt,
                                int64_t offset, int64_t bytes_max) {
  // The names of the files come from the database and not from the caller.
  const PipelineRun run = GetRun(id);
  const auto found = std::find_if(run.tasks.begin(), run.tasks.end(),
                                  [&](const Task& each) { return each.name == task; });
  if (found == run.tasks.end()) throw NotFound("Task", task);
  if (offset < 0) throw InvalidArgument("The offset is negative").WithField("offset");
  const int64_t most = std::clamp<int64_t>(bytes_max, 1, kLogBytesMax);
  LogPiece piece{.next_offset = offset};
  int64_t before = 0;  // bytes of the attempts that were passed over
  for (const Attempt& each : found->attempts) {
    if (attempt != 0 && each.number != attempt) continue;
    const auto file = LogFile(run.id, found->name, each.number);
    const int64_t size = SizeOf(file);
    const int64_t left = most - static_cast<int64_t>(piece.text.size());
    if (left > 0 && piece.next_offset < before + size) {
      piece.text += ReadPiece(file, piece.next_offset - before, left);
      piece.next_offset = offset + static_cast<int64_t>(piece.text.size());
    }
    before += size;
  }
  return piece;
}

}  // namespace millwright::pipelines
