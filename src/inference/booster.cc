#include "inference/booster.h"

#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "inference/xgboost_library.h"

namespace millwright::inference {
namespace {

constexpr int kMessageBytesMax = 1000;

// XGBoost's messages carry a stack trace after the first lines; users get what stands before it.
std::string CleanMessage(const char* raw) {
  std::string message(raw);
  const size_t trace = message.find("\nStack trace");
  if (trace != std::string::npos) message.resize(trace);
  if (message.size() > kMessageBytesMax) message.resize(kMessageBytesMax);
  return message;
}

void CheckXgb(int code, const char* what) {
  if (code != 0) throw InvalidArgument("{}: {}", what, CleanMessage(GetXgboost().GetLastError()));
}

// XGBoost's verbosity belongs to the calling thread; errors come back as values, so its own lines
// on standard error say nothing new.
const XgboostLibrary& QuietXgboost() {
  const XgboostLibrary& library = GetXgboost();
  thread_local bool quiet = false;
  if (!quiet) {
    CheckXgb(library.SetGlobalConfig(R"({"verbosity": 0})"), "XGBoost does not start");
    quiet = true;
  }
  return library;
}

// Describes a dense float32 matrix in the array interface that XGBoost reads.
std::string ArrayInterface(const float* values, size_t rows, size_t columns) {
  return fmt::format(
      R"({{"data":[{},true],"shape":[{},{}],"typestr":"<f4","version":3,"strides":null}})",
      reinterpret_cast<uintptr_t>(values), rows, columns);
}

std::string Text(const Json& json) {
  return json.is_string() ? json.AsString() : json.Dump();
}

// Reads XGBoost's "[3]\ttrain-logloss:0.5\ttrain-auc:0.7".
std::vector<RoundMetric> ParseMetrics(std::string_view text,
                                      std::span<const std::string> table_names) {
  std::vector<RoundMetric> metrics;
  size_t begin = text.find('\t');
  while (begin != std::string_view::npos) {
    const size_t end = text.find('\t', begin + 1);
    const std::string_view item = text.substr(begin + 1, end - begin - 1);
    begin = end;
    for (const std::string& table : table_names) {
      if (!item.starts_with(table + "-")) continue;
      const size_t colon = item.rfind(':');
      if (colon == std::string_view::npos) break;
      RoundMetric metric{.table = table};
      metric.metric = item.substr(table.size() + 1, colon - table.size() - 1);
      const std::string number(item.substr(colon + 1));
      metric.value = std::strtod(number.c_str(), nullptr);
      metrics.push_back(std::move(metric));
      break;
    }
  }
  return metrics;
}

}  // namespace

BoosterData::BoosterData(std::span<const float> values, size_t column_count,
                         std::span<const float> labels, int threads)
    : row_count_(labels.size()) {
  if (column_count == 0 || labels.empty() || values.size() != column_count * labels.size()) {
    throw InvalidArgument("A table of {} labels and {} columns cannot hold {} values",
                          labels.size(), column_count, values.size());
  }
  for (const float label : labels) {
    if (!std::isfinite(label)) throw InvalidArgument("A label is not finite: {}", label);
  }
  const XgboostLibrary& xgb = QuietXgboost();
  const std::string array = ArrayInterface(values.data(), labels.size(), column_count);
  const std::string config = fmt::format(R"({{"missing":NaN,"nthread":{}}})", threads);
  CheckXgb(xgb.DMatrixCreateFromDense(array.c_str(), config.c_str(), &handle_),
           "XGBoost refuses the table");
  CheckXgb(xgb.DMatrixSetFloatInfo(handle_, "label", labels.data(), labels.size()),
           "XGBoost refuses the labels");
}

BoosterData::~BoosterData() {
  if (handle_ != nullptr) GetXgboost().DMatrixFree(handle_);
}

BoosterData::BoosterData(BoosterData&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), row_count_(other.row_count_) {}

Booster::Booster(const std::vector<std::pair<std::string, std::string>>& parameters,
                 std::span<const BoosterData* const> tables) {
  const XgboostLibrary& xgb = QuietXgboost();
  std::vector<void*> handles;
  for (const BoosterData* table : tables) handles.push_back(table->handle_);
  CheckXgb(xgb.BoosterCreate(handles.data(), handles.size(), &handle_), "XGBoost does not start");
  // The destructor does not run when a constructor throws.
  try {
    for (const auto& [name, value] : parameters) Set(name, value);
  } catch (const Error&) {
    xgb.BoosterFree(handle_);
    throw;
  }
}

Booster Booster::Load(const std::filesystem::path& path) {
  const XgboostLibrary& xgb = QuietXgboost();
  void* handle = nullptr;
  CheckXgb(xgb.BoosterCreate(nullptr, 0, &handle), "XGBoost does not start");
  Booster booster(handle);
  booster.Set("nthread", "1");
  const std::string what = "XGBoost cannot load " + path.filename().string();
  CheckXgb(xgb.BoosterLoadModel(handle, path.c_str()), what.c_str());
  return booster;
}

Booster::~Booster() {
  if (handle_ != nullptr) GetXgboost().BoosterFree(handle_);
}

Booster::Booster(Booster&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}

Booster& Booster::operator=(Booster&& other) noexcept {
  std::swap(handle_, other.handle_);
  return *this;
}

void Booster::Set(const std::string& parameter, const std::string& value) {
  const std::string what = "XGBoost refuses the parameter " + parameter;
  CheckXgb(QuietXgboost().BoosterSetParam(handle_, parameter.c_str(), value.c_str()), what.c_str());
}

void Booster::Update(int round, const BoosterData& train) {
  CheckXgb(QuietXgboost().BoosterUpdateOneIter(handle_, round, train.handle_),
           "XGBoost cannot train");
}

std::vector<RoundMetric> Booster::Evaluate(int round, std::span<const BoosterData* const> tables,
                                           std::span<const std::string> table_names) {
  std::vector<void*> handles;
  std::vector<const char*> names;
  for (const BoosterData* table : tables) handles.push_back(table->handle_);
  for (const std::string& name : table_names) names.push_back(name.c_str());
  const char* text = nullptr;
  CheckXgb(QuietXgboost().BoosterEvalOneIter(handle_, round, handles.data(), names.data(),
                                             handles.size(), &text),
           "XGBoost cannot evaluate");
  return ParseMetrics(text, table_names);
}

Booster Booster::FirstRounds(int rounds) const {
  void* handle = nullptr;
  CheckXgb(QuietXgboost().BoosterSlice(handle_, 0, rounds, 1, &handle), "XGBoost cannot slice");
  return Booster(handle);
}

void Booster::PredictDense(std::span<const float> values, size_t column_count,
                           std::vector<float>* out) const {
  const size_t rows = column_count == 0 ? 0 : values.size() / column_count;
  out->clear();
  if (rows == 0) return;
  static constexpr char kConfig[] =
      R"({"type":0,"training":false,"iteration_begin":0,"iteration_end":0,"missing":NaN,)"
      R"("strict_shape":true,"cache_id":0})";
  const std::string array = ArrayInterface(values.data(), rows, column_count);
  uint64_t const* shape = nullptr;
  uint64_t rank = 0;
  const float* result = nullptr;
  CheckXgb(QuietXgboost().BoosterPredictFromDense(handle_, array.c_str(), kConfig, nullptr, &shape,
                                                  &rank, &result),
           "XGBoost cannot predict");
  size_t count = 1;
  for (uint64_t i = 0; i < rank; ++i) count *= shape[i];
  out->assign(result, result + count);
}

size_t Booster::feature_count() const {
  uint64_t count = 0;
  CheckXgb(QuietXgboost().BoosterGetNumFeature(handle_, &count),
           "XGBoost cannot tell its features");
  return count;
}

int Booster::rounds() const {
  int rounds = 0;
  CheckXgb(QuietXgboost().BoosterBoostedRounds(handle_, &rounds), "XGBoost cannot tell its rounds");
  return rounds;
}

std::vector<std::string> Booster::feature_names() const {
  uint64_t count = 0;
  const char** names = nullptr;
  CheckXgb(QuietXgboost().BoosterGetStrFeatureInfo(handle_, "feature_name", &count, &names),
           "XGBoost cannot tell its features");
  return {names, names + count};
}

void Booster::SetFeatureNames(const std::vector<std::string>& names) {
  std::vector<const char*> pointers;
  for (const std::string& name : names) pointers.push_back(name.c_str());
  CheckXgb(QuietXgboost().BoosterSetStrFeatureInfo(handle_, "feature_name", pointers.data(),
                                                   pointers.size()),
           "XGBoost refuses the names of features");
}

std::string Booster::Config() const {
  uint64_t size = 0;
  const char* text = nullptr;
  CheckXgb(QuietXgboost().BoosterSaveJsonConfig(handle_, &size, &text),
           "XGBoost cannot tell its configuration");
  return std::string(text, size);
}

std::string Booster::objective() const {
  const Json config = ParseJson(Config());
  return config.At("learner").At("objective").At("name").AsString();
}

size_t Booster::group_count() const {
  const Json config = ParseJson(Config());
  const std::string classes = Text(config.At("learner").At("learner_model_param").At("num_class"));
  size_t count = 0;
  std::from_chars(classes.data(), classes.data() + classes.size(), count);
  return count < 2 ? 1 : count;
}

std::map<std::string, double> Booster::GainByFeature(Gain gain) const {
  const char* config =
      gain == Gain::kMean ? R"({"importance_type":"gain"})" : R"({"importance_type":"total_gain"})";
  uint64_t feature_count = 0;
  const char** features = nullptr;
  uint64_t rank = 0;
  const uint64_t* shape = nullptr;
  const float* scores = nullptr;
  CheckXgb(QuietXgboost().BoosterFeatureScore(handle_, config, &feature_count, &features, &rank,
                                              &shape, &scores),
           "XGBoost cannot score its features");
  std::map<std::string, double> gains;
  for (uint64_t i = 0; i < feature_count; ++i) gains[features[i]] = scores[i];
  return gains;
}

std::string Booster::Save(Format format) const {
  const char* config = format == Format::kUbj ? R"({"format":"ubj"})" : R"({"format":"json"})";
  uint64_t size = 0;
  const char* bytes = nullptr;
  CheckXgb(QuietXgboost().BoosterSaveModelToBuffer(handle_, config, &size, &bytes),
           "XGBoost cannot save the model");
  return std::string(bytes, size);
}

}  // namespace millwright::inference
