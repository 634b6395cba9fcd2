// The opcodes of PickleMachine that name globals and call them.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "scan/pickle_machine.h"

namespace millwright::scan {
namespace {

constexpr int kNestedPicklesMax = 16;

bool IsIdentifierPath(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || static_cast<unsigned char>(c) >= 0x80;
  });
}

// Makes a name fit to be shown: what is not plain is escaped.
std::string Shown(std::string_view text) {
  constexpr size_t kShownMax = 80;
  std::string shown;
  for (const char c : text.substr(0, kShownMax)) {
    const auto byte = static_cast<unsigned char>(c);
    shown += byte >= 0x20 && byte < 0x7F ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return text.size() > kShownMax ? shown + "…" : shown;
}

}  // namespace

bool PickleMachine::StepCall(PickleOp op) {
  switch (op) {
    case PickleOp::kGlobal: {
      const std::string_view module = TakeLine();
      PushGlobal(module, TakeLine());
      return true;
    }
    case PickleOp::kStackGlobal: {
      const Value name_value = Pop();
      const Value module_value = Pop();
      const auto name = TextOf(name_value);
      const auto module = TextOf(module_value);
      if (module && name) {
        PushGlobal(*module, *name);
        return true;
      }
      Say(Severity::kCritical, "pickle.hidden_global",
          "names a global by texts that only running it would tell");
      // Any bytes look so by chance, but not behind a call that gave the text.
      calls_ = calls_ || name_value.kind == Value::Kind::kObject ||
               module_value.kind == Value::Kind::kObject;
      Push({});
      return true;
    }
    case PickleOp::kInst: {
      const std::string_view module = TakeLine();
      PushGlobal(module, TakeLine());
      const Value callee = Pop();
      Call(callee, Tuple(PopToMark()));
      return true;
    }
    case PickleOp::kObj: {
      Items items = PopToMark();
      if (items.empty()) {
        if (claim_ == PickleClaim::kCertain) Fail("it makes an object of nothing");
        items.emplace_back();
      }
      const Value callee = items.front();
      items.erase(items.begin());
      Call(callee, Tuple(std::move(items)));
      return true;
    }
    case PickleOp::kReduce:
    case PickleOp::kNewObj: {
      const Value arguments = Pop();
      const Value callee = Pop();
      Call(callee, arguments);
      return true;
    }
    case PickleOp::kNewObjEx: {
      Pop();
      const Value arguments = Pop();
      const Value callee = Pop();
      Call(callee, arguments);
      return true;
    }
    case PickleOp::kBuild:
      Build();
      return true;
    case PickleOp::kPersId:
      TakeLine();
      Push({});
      return true;
    case PickleOp::kBinPersId:
      Pop();
      Push({});
      return true;
    case PickleOp::kExt1:
    case PickleOp::kExt2:
    case PickleOp::kExt4: {
      const uint64_t code = TakeLittle(op == PickleOp::kExt1 ? 1 : op == PickleOp::kExt2 ? 2 : 4);
      Say(Severity::kHigh, "pickle.extension",
          fmt::format("names a global by the extension code {}, which only the loading program "
                      "knows",
                      code));
      Push({});
      return true;
    }
    default:
      return false;
  }
}

void PickleMachine::PushGlobal(std::string_view module, std::string_view name) {
  if (module.size() > kPickleNameBytesMax || name.size() > kPickleNameBytesMax) {
    Fail("the name of a global is too long");
  }
  if (claim_ == PickleClaim::kGuess && !(IsIdentifierPath(module) && IsIdentifierPath(name))) {
    Fail("the name of a global is none");
  }
  if (globals_.size() >= kPickleKeptMax) Fail("it names more globals than are read");
  const GlobalTrust trust = policy_.Judge(module, name);
  const std::string full = Shown(module) + "." + Shown(name);
  if (trust != GlobalTrust::kAllowed && named_.insert(full).second) {
    if (trust == GlobalTrust::kDangerous) {
      Say(Severity::kCritical, "pickle.dangerous_global",
          fmt::format("names {}, which can run code or reach outside", full));
    } else {
      Say(Severity::kHigh, "pickle.unknown_global",
          fmt::format("names {}, which is not on the list of trusted globals", full));
    }
  }
  globals_.push_back({std::string(module), std::string(name), trust});
  Push({Value::Kind::kGlobal, static_cast<int64_t>(globals_.size()) - 1});
}

void PickleMachine::Call(Value callee, Value arguments) {
  if (callee.kind != Value::Kind::kGlobal) {
    // In a guess the callee may be a value that stands before the place where it began.
    if (claim_ == PickleClaim::kCertain || callee.kind == Value::Kind::kObject) {
      calls_ = true;
      Say(Severity::kCritical, "pickle.hidden_call", "calls a value that is no named global");
    }
    Push({});
    return;
  }
  size_t global = static_cast<size_t>(callee.payload);
  if (globals_[global].trust != GlobalTrust::kAllowed) calls_ = true;
  // Objects of protocols 0 and 1: what is made is the class that is the first argument.
  if (globals_[global].name == "_reconstructor" && arguments.kind == Value::Kind::kTuple &&
      arguments.payload >= 0) {
    const Value made = tuples_[static_cast<size_t>(arguments.payload)].front();
    if (made.kind == Value::Kind::kGlobal) global = static_cast<size_t>(made.payload);
  }
  if (objects_.size() >= kPickleKeptMax) {
    Push({});
    return;
  }
  objects_.push_back({global, arguments, {}});
  Push({Value::Kind::kObject, static_cast<int64_t>(objects_.size()) - 1});
}

void PickleMachine::Build() {
  const Value state = Pop();
  const Value target = Top();
  if (target.kind == Value::Kind::kGlobal) {
    const Global& global = globals_[static_cast<size_t>(target.payload)];
    Say(Severity::kCritical, "pickle.changes_global",
        fmt::format("changes {}.{} itself", Shown(global.module), Shown(global.name)));
    calls_ = true;
    return;
  }
  if (target.kind != Value::Kind::kObject) return;
  Object& object = objects_[static_cast<size_t>(target.payload)];
  object.state = state;
  if (globals_[object.global].is("joblib.numpy_pickle", "NumpyArrayWrapper")) {
    StepOverJoblibArray(object);
  }
}

PickleMachine::Value PickleMachine::DictValue(Value dict, std::string_view key) const {
  if (dict.kind != Value::Kind::kDict) return {};
  const Items& items = dicts_[static_cast<size_t>(dict.payload)];
  for (size_t i = 0; i + 1 < items.size(); i += 2) {
    if (TextOf(items[i]) == key) return items[i + 1];
  }
  return {};
}

// Tells the bytes of one item of a numpy.dtype object, nothing when it holds Python objects.
std::optional<uint64_t> PickleMachine::JoblibItemBytes(Value dtype) const {
  constexpr int64_t kHoldsObjects = 1;  // in numpy's flags, the last item of a dtype's state
  if (dtype.kind != Value::Kind::kObject) Fail("the type of an array is unclear");
  const Object& object = objects_[static_cast<size_t>(dtype.payload)];
  const Global& made = globals_[object.global];
  if (made.name != "dtype" || object.arguments.kind != Value::Kind::kTuple ||
      object.arguments.payload < 0) {
    Fail("the type of an array is unclear");
  }
  const auto code = TextOf(tuples_[static_cast<size_t>(object.arguments.payload)].front());
  if (!code || code->empty()) Fail("the type of an array is unclear");
  if (object.state.kind == Value::Kind::kTuple && object.state.payload >= 0) {
    const Items& state = tuples_[static_cast<size_t>(object.state.payload)];
    const Value flags = state.back();
    if (state.size() >= 8 && flags.kind == Value::Kind::kInt &&
        (flags.payload & kHoldsObjects) != 0) {
      return std::nullopt;
    }
  }
  const char kind = (*code)[0];
  if (kind == 'O') return std::nullopt;
  uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(code->data() + 1, code->data() + code->size(), bytes);
  if (error != std::errc() || end != code->data() + code->size()) {
    Fail("the type of an array is unclear");
  }
  return kind == 'U' ? 4 * bytes : bytes;
}

// joblib writes an array's bytes right behind the BUILD of its wrapper. A plain unpickler would
// take them for opcodes, so they are looked at as such, too.
void PickleMachine::StepOverJoblibArray(const Object& wrapper) {
  const Value shape = DictValue(wrapper.state, "shape");
  if (shape.kind != Value::Kind::kTuple) Fail("the shape of an array is unclear");
  const PickleOutcome as_opcodes = ReadPickle(bytes_, at_, policy_, PickleClaim::kGuess);
  for (const Finding& finding : as_opcodes.findings) {
    if (finding.severity >= Severity::kHigh && findings_.size() < kPickleFindingsMax) {
      findings_.push_back(finding);
    }
  }
  const auto item_bytes = JoblibItemBytes(DictValue(wrapper.state, "dtype"));
  if (!item_bytes) {
    if (depth_ >= kNestedPicklesMax) Fail("pickles are nested too deeply");
    PickleMachine nested(bytes_, at_, policy_, PickleClaim::kCertain, depth_ + 1);
    PickleOutcome outcome = nested.Run();
    for (Finding& finding : outcome.findings) {
      if (findings_.size() < kPickleFindingsMax) findings_.push_back(std::move(finding));
    }
    if (!outcome.stopped) Fail("a pickle within it does not end");
    at_ = outcome.end;
    return;
  }
  uint64_t bytes = *item_bytes;
  if (shape.payload >= 0) {
    for (const Value& dimension : tuples_[static_cast<size_t>(shape.payload)]) {
      if (dimension.kind != Value::Kind::kInt || dimension.payload < 0 ||
          __builtin_mul_overflow(bytes, static_cast<uint64_t>(dimension.payload), &bytes)) {
        Fail("the shape of an array is unclear");
      }
    }
  }
  if (DictValue(wrapper.state, "numpy_array_alignment_bytes").kind == Value::Kind::kInt) {
    Take(TakeByte());
  }
  Take(bytes);
}

PickleOutcome ReadPickle(std::string_view bytes, size_t begin, const PicklePolicy& policy,
                         PickleClaim claim) {
  return PickleMachine(bytes, begin, policy, claim, 0).Run();
}

}  // namespace millwright::scan
