#include "scan/pickle_machine.h"

#include <fmt/format.h>

#include <charconv>

namespace millwright::scan {
namespace {

constexpr size_t kTextsMax = size_t{8} << 20;
constexpr uint64_t kGuessOpsMax = 100'000;
constexpr std::string_view kTorchMagic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

}  // namespace

PickleOutcome PickleMachine::Run() {
  const uint64_t ops_max = claim_ == PickleClaim::kGuess ? kGuessOpsMax : kPickleOpsMax;
  try {
    while (!stopped_) {
      op_at_ = at_;
      if (++ops_ > ops_max) Fail("it has more opcodes than are read");
      Step(static_cast<PickleOp>(TakeByte()));
    }
  } catch (const Malformed& malformed) {
    if (claim_ == PickleClaim::kCertain) {
      Say(Severity::kHigh, "pickle.unreadable",
          fmt::format("is no readable pickle: {}", malformed.message));
    }
  }
  PickleOutcome outcome{.stopped = stopped_, .end = at_, .is_torch_magic = is_torch_magic_};
  outcome.is_pickle = claim_ == PickleClaim::kCertain || stopped_ || calls_;
  if (outcome.is_pickle) outcome.findings = std::move(findings_);
  return outcome;
}

uint8_t PickleMachine::TakeByte() {
  return static_cast<uint8_t>(Take(1)[0]);
}

uint64_t PickleMachine::TakeLittle(size_t count) {
  const std::string_view taken = Take(count);
  uint64_t number = 0;
  for (size_t i = 0; i < count; ++i) {
    number |= uint64_t{static_cast<uint8_t>(taken[i])} << (8 * i);
  }
  return number;
}

std::string_view PickleMachine::Take(uint64_t count) {
  if (count > bytes_.size() - at_) Fail("it ends early");
  const std::string_view taken = bytes_.substr(at_, count);
  at_ += count;
  return taken;
}

std::string_view PickleMachine::TakeLine() {
  const size_t end = bytes_.find('\n', at_);
  if (end == std::string_view::npos) Fail("it ends early");
  const std::string_view line = bytes_.substr(at_, end - at_);
  at_ = end + 1;
  return line;
}

void PickleMachine::Push(Value value) {
  if (stack_.size() >= kPickleStackMax) Fail("its stack grows beyond what is read");
  stack_.push_back(value);
}

PickleMachine::Value PickleMachine::Pop() {
  if (stack_.empty()) {
    if (claim_ == PickleClaim::kGuess) return {};
    Fail("it takes from an empty stack");
  }
  const Value value = stack_.back();
  stack_.pop_back();
  return value;
}

PickleMachine::Value PickleMachine::Top() const {
  if (stack_.empty()) {
    if (claim_ == PickleClaim::kGuess) return {};
    Fail("it looks at an empty stack");
  }
  return stack_.back();
}

PickleMachine::Items PickleMachine::PopToMark() {
  size_t mark = stack_.size();
  while (mark > 0 && stack_[mark - 1].kind != Value::Kind::kMark) --mark;
  if (mark == 0 && claim_ == PickleClaim::kCertain) Fail("a mark is missing");
  Items items(stack_.begin() + static_cast<std::ptrdiff_t>(mark), stack_.end());
  stack_.resize(mark == 0 ? 0 : mark - 1);
  return items;
}

void PickleMachine::PopDiscardToMark() {
  while (!stack_.empty() && stack_.back().kind != Value::Kind::kMark) stack_.pop_back();
  if (!stack_.empty()) {
    stack_.pop_back();
  } else if (claim_ == PickleClaim::kCertain) {
    Fail("a mark is missing");
  }
}

void PickleMachine::Memoize(uint64_t index) {
  const Value value = Top();
  if (index < memo_.size()) {
    memo_[index] = value;
  } else if (index == memo_.size() && memo_.size() < kPickleMemoMax) {
    memo_.push_back(value);
    sparse_memo_.erase(index);
  } else if (sparse_memo_.size() < kPickleMemoMax / 16) {
    sparse_memo_[index] = value;
  } else {
    Fail("its memo grows beyond what is read");
  }
}

PickleMachine::Value PickleMachine::Recall(uint64_t index) {
  // An index that was filled out of order may since have been passed by the vector, so look in
  // both.
  if (const auto found = sparse_memo_.find(index); found != sparse_memo_.end()) {
    return found->second;
  }
  if (index < memo_.size()) return memo_[index];
  if (claim_ == PickleClaim::kGuess) return {};
  Fail("it recalls what it never kept");
}

PickleMachine::Value PickleMachine::Text(std::string_view text) {
  if (texts_.size() >= kTextsMax) return {};
  texts_.push_back(text);
  return {Value::Kind::kText, static_cast<int64_t>(texts_.size()) - 1};
}

PickleMachine::Value PickleMachine::Tuple(Items items) {
  if (items.size() > kPickleKeptItemsMax || tuples_.size() >= kPickleKeptMax) return {};
  if (items.empty()) return {Value::Kind::kTuple, -1};
  tuples_.push_back(std::move(items));
  return {Value::Kind::kTuple, static_cast<int64_t>(tuples_.size()) - 1};
}

PickleMachine::Value PickleMachine::Dict(const Items& pairs) {
  if (dicts_.size() >= kPickleKeptMax) return {};
  dicts_.emplace_back();
  const Value dict{Value::Kind::kDict, static_cast<int64_t>(dicts_.size()) - 1};
  SetItems(dict, pairs);
  return dict;
}

void PickleMachine::SetItems(Value target, const Items& pairs) {
  if (target.kind != Value::Kind::kDict) return;
  Items& kept = dicts_[static_cast<size_t>(target.payload)];
  if (kept.size() + pairs.size() > 2 * kPickleKeptItemsMax) return;
  kept.insert(kept.end(), pairs.begin(), pairs.end());
}

std::optional<std::string_view> PickleMachine::TextOf(Value value) const {
  if (value.kind != Value::Kind::kText) return std::nullopt;
  return texts_[static_cast<size_t>(value.payload)];
}

void PickleMachine::Say(Severity severity, std::string_view rule, std::string message) {
  if (findings_.size() >= kPickleFindingsMax) return;
  findings_.push_back(
      {severity, std::string(rule), fmt::format("@{}", op_at_), std::move(message)});
}

void PickleMachine::Step(PickleOp op) {
  if (StepScalar(op) || StepText(op) || StepContainer(op) || StepMemo(op) || StepCall(op)) return;
  Fail(fmt::format("the opcode 0x{:02x} does not exist", static_cast<int>(op)));
}

bool PickleMachine::StepScalar(PickleOp op) {
  switch (op) {
    case PickleOp::kProto:
      if (TakeByte() > 5) Fail("its protocol is newer than 5");
      return true;
    case PickleOp::kFrame:
      Take(8);
      return true;
    case PickleOp::kStop:
      Pop();
      stopped_ = true;
      return true;
    case PickleOp::kNone:
      Push({Value::Kind::kNone, 0});
      return true;
    case PickleOp::kNewTrue:
    case PickleOp::kNewFalse:
      Push({});
      return true;
    case PickleOp::kBinInt:
      Push(Int(static_cast<int32_t>(TakeLittle(4))));
      return true;
    case PickleOp::kBinInt1:
      Push(Int(TakeByte()));
      return true;
    case PickleOp::kBinInt2:
      Push(Int(static_cast<int64_t>(TakeLittle(2))));
      return true;
    case PickleOp::kInt:
    case PickleOp::kLong: {
      const std::string_view line = TakeLine();
      int64_t number = 0;
      const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
      const std::string_view rest(end, static_cast<size_t>(line.data() + line.size() - end));
      // A guess must look like one; Python itself reads "0x1f", " 7" and "1_000" as well.
      if (claim_ == PickleClaim::kGuess && (error != std::errc() || rest.size() > 1)) {
        Fail("a number is none");
      }
      Push(error == std::errc() ? Int(number) : Value{});
      return true;
    }
    case PickleOp::kLong1: {
      const std::string_view digits = Take(TakeByte());
      if (digits == kTorchMagic) is_torch_magic_ = true;
      int64_t number = 0;
      for (size_t i = 0; i < digits.size() && i < 8; ++i) {
        number |= static_cast<int64_t>(uint64_t{static_cast<uint8_t>(digits[i])} << (8 * i));
      }
      Push(digits.size() < 8 ? Int(number) : Value{});
      return true;
    }
    case PickleOp::kLong4:
      Take(TakeLittle(4));
      Push({});
      return true;
    case PickleOp::kFloat:
      TakeLine();
      Push({});
      return true;
    case PickleOp::kBinFloat:
      Take(8);
      Push({});
      return true;
    default:
      return false;
  }
}

bool PickleMachine::StepText(PickleOp op) {
  switch (op) {
    case PickleOp::kString: {
      std::string_view line = TakeLine();
      const bool quoted =
          line.size() >= 2 && (line[0] == '\'' || line[0] == '"') && line.back() == line[0];
      if (!quoted) Fail("a text has no quotes");
      line = line.substr(1, line.size() - 2);
      // An escape could spell any name, so such a text can be no part of one.
      Push(line.find('\\') == std::string_view::npos ? Text(line) : Value{});
      return true;
    }
    case PickleOp::kUnicode: {
      const std::string_view line = TakeLine();
      Push(line.find('\\') == std::string_view::npos ? Text(line) : Value{});
      return true;
    }
    case PickleOp::kBinString:
    case PickleOp::kBinUnicode:
      Push(Text(Take(TakeLittle(4))));
      return true;
    case PickleOp::kShortBinString:
    case PickleOp::kShortBinUnicode:
      Push(Text(Take(TakeByte())));
      return true;
    case PickleOp::kBinUnicode8:
      Push(Text(Take(TakeLittle(8))));
      return true;
    case PickleOp::kBinBytes:
      Take(TakeLittle(4));
      Push({});
      return true;
    case PickleOp::kShortBinBytes:
      Take(TakeByte());
      Push({});
      return true;
    case PickleOp::kBinBytes8:
    case PickleOp::kByteArray8:
      Take(TakeLittle(8));
      Push({});
      return true;
    case PickleOp::kNextBuffer:
      Push({});
      return true;
    case PickleOp::kReadOnlyBuffer:
      return true;
    default:
      return false;
  }
}

bool PickleMachine::StepContainer(PickleOp op) {
  switch (op) {
    case PickleOp::kEmptyTuple:
      Push(Tuple({}));
      return true;
    case PickleOp::kTuple1:
    case PickleOp::kTuple2:
    case PickleOp::kTuple3: {
      Items items(static_cast<size_t>(op) - static_cast<size_t>(PickleOp::kTuple1) + 1);
      for (auto item = items.rbegin(); item != items.rend(); ++item) *item = Pop();
      Push(Tuple(std::move(items)));
      return true;
    }
    case PickleOp::kTuple:
      Push(Tuple(PopToMark()));
      return true;
    case PickleOp::kEmptyDict:
      Push(Dict({}));
      return true;
    case PickleOp::kDict:
      Push(Dict(PopToMark()));
      return true;
    case PickleOp::kList:
    case PickleOp::kFrozenSet:
      PopDiscardToMark();
      Push({});
      return true;
    case PickleOp::kEmptyList:
    case PickleOp::kEmptySet:
      Push({});
      return true;
    case PickleOp::kAppend:
      Pop();
      Top();
      return true;
    case PickleOp::kAppends:
    case PickleOp::kAddItems:
      PopDiscardToMark();
      Top();
      return true;
    case PickleOp::kSetItem: {
      const Value value = Pop();
      const Value key = Pop();
      SetItems(Top(), {key, value});
      return true;
    }
    case PickleOp::kSetItems: {
      const Items pairs = PopToMark();
      SetItems(Top(), pairs);
      return true;
    }
    default:
      return false;
  }
}

bool PickleMachine::StepMemo(PickleOp op) {
  const auto index_of_line = [this] {
    const std::string_view line = TakeLine();
    uint64_t index = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), index);
    if (error != std::errc() || end != line.data() + line.size()) Fail("a memo's index is none");
    return index;
  };
  switch (op) {
    case PickleOp::kMark:
      Push({Value::Kind::kMark, 0});
      return true;
    case PickleOp::kPop:
      Pop();
      return true;
    case PickleOp::kPopMark:
      PopDiscardToMark();
      return true;
    case PickleOp::kDup:
      Push(Top());
      return true;
    case PickleOp::kPut:
      Memoize(index_of_line());
      return true;
    case PickleOp::kBinPut:
      Memoize(TakeByte());
      return true;
    case PickleOp::kLongBinPut:
      Memoize(TakeLittle(4));
      return true;
    case PickleOp::kMemoize:
      Memoize(memo_.size() + sparse_memo_.size());
      return true;
    case PickleOp::kGet:
      Push(Recall(index_of_line()));
      return true;
    case PickleOp::kBinGet:
      Push(Recall(TakeByte()));
      return true;
    case PickleOp::kLongBinGet:
      Push(Recall(TakeLittle(4)));
      return true;
    default:
      return false;
  }
}

}  // namespace millwright::scan
