#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "scan/pickle_opcodes.h"
#include "scan/pickle_reader.h"

namespace millwright::scan {

// The symbolic machine behind ReadPickle. One stream, one use.
class PickleMachine {
 public:
  PickleMachine(std::string_view bytes, size_t begin, const PicklePolicy& policy, PickleClaim claim,
                int depth)
      : bytes_(bytes), at_(begin), policy_(policy), claim_(claim), depth_(depth) {}

  PickleOutcome Run();

 private:
  // A symbol: small, because a hostile stream may push millions of them.
  struct Value {
    enum class Kind : uint8_t {
      kOther,
      kMark,
      kNone,
      kInt,
      kText,
      kTuple,
      kDict,
      kGlobal,
      kObject
    };
    Kind kind = Kind::kOther;
    // kInt: the number; kText: index into texts_; kTuple, kDict, kGlobal, kObject: into theirs.
    int64_t payload = 0;
  };
  struct Global {
    std::string module, name;
    GlobalTrust trust = GlobalTrust::kUnknown;
    bool is(std::string_view other_module, std::string_view other_name) const {
      return module == other_module && name == other_name;
    }
  };
  // What came out of a call: the global that was called and the tuple that it was given.
  struct Object {
    size_t global = 0;
    Value arguments;
    Value state;
  };
  using Items = std::vector<Value>;
  struct Malformed {  // ends the stream; the message becomes a finding
    std::string message;
  };

  void Step(PickleOp op);
  bool StepScalar(PickleOp op);
  bool StepText(PickleOp op);
  bool StepContainer(PickleOp op);
  bool StepMemo(PickleOp op);
  bool StepCall(PickleOp op);

  uint8_t TakeByte();
  uint64_t TakeLittle(size_t count);
  std::string_view Take(uint64_t count);
  std::string_view TakeLine();

  void Push(Value value);
  Value Pop();
  Items PopToMark();
  void PopDiscardToMark();
  Value Top() const;
  void Memoize(uint64_t index);
  Value Recall(uint64_t index);

  [[noreturn]] static void Fail(std::string message) { throw Malformed{std::move(message)}; }
  static Value Int(int64_t number) { return {Value::Kind::kInt, number}; }
  Value Text(std::string_view text);
  Value Tuple(Items items);
  Value Dict(const Items& pairs);
  std::optional<std::string_view> TextOf(Value value) const;

  void PushGlobal(std::string_view module, std::string_view name);
  void Call(Value callee, Value arguments);
  void Build();
  void SetItems(Value target, const Items& pairs);
  void Say(Severity severity, std::string_view rule, std::string message);

  // joblib's raw arrays.
  void StepOverJoblibArray(const Object& wrapper);
  std::optional<uint64_t> JoblibItemBytes(Value dtype) const;
  Value DictValue(Value dict, std::string_view key) const;

  const std::string_view bytes_;
  size_t at_;
  const PicklePolicy& policy_;
  const PickleClaim claim_;
  const int depth_;  // of pickles within joblib's arrays
  size_t op_at_ = 0;
  bool stopped_ = false;
  bool calls_ = false;  // something that is not trusted
  bool is_torch_magic_ = false;
  Items stack_;
  std::vector<Value> memo_;  // of the indices that come in order
  std::unordered_map<uint64_t, Value> sparse_memo_;
  std::vector<std::string_view> texts_;
  std::vector<Items> tuples_, dicts_;  // a dict's items are key, value, key, value…
  std::vector<Global> globals_;
  std::vector<Object> objects_;
  std::set<std::string> named_;  // globals that have their finding
  std::vector<Finding> findings_;
  uint64_t ops_ = 0;
};

}  // namespace millwright::scan
