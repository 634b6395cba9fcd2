#include "monitoring/row_sums.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

#include "base/error.h"

namespace millwright::monitoring {
namespace {

constexpr size_t kFewHashesMax = kFewValuesMax;

// Puts the number of each rank where sorting would put it, the middle rank first: a half of the
// work of sorting where ranks are few.
void SelectRanks(std::vector<double>* numbers, size_t from, size_t to,
                 const std::vector<size_t>& ranks, size_t first, size_t last) {
  if (first == last || to - from < 2) return;
  const size_t middle = (first + last) / 2;
  const auto at = [&](size_t i) { return numbers->begin() + static_cast<ptrdiff_t>(i); };
  std::nth_element(at(from), at(ranks[middle]), at(to));
  SelectRanks(numbers, from, ranks[middle], ranks, first, middle);
  SelectRanks(numbers, ranks[middle] + 1, to, ranks, middle + 1, last);
}

// Each field of what is kept in a file, in the order that it has there.
template <typename T, typename F>
requires std::is_same_v<std::remove_const_t<T>, NumberSums>
void ForEachField(T& sums, F& each) {
  each(sums.count);
  each(sums.infinite);
  each(sums.sum);
  each(sums.min);
  each(sums.max);
  each(sums.halves);
  each(sums.is_sampled);
  each(sums.points);
}

template <typename T, typename F>
requires std::is_same_v<std::remove_const_t<T>, TextSums>
void ForEachField(T& sums, F& each) {
  each(sums.counts);
  each(sums.is_complete);
}

template <typename T, typename F>
requires std::is_same_v<std::remove_const_t<T>, ColumnSums>
void ForEachField(T& sums, F& each) {
  each(sums.name);
  each(sums.is_number);
  each(sums.present);
  each(sums.distinct);
  each(sums.numbers);
  each(sums.texts);
}

template <typename T, typename F>
requires std::is_same_v<std::remove_const_t<T>, RowSums>
void ForEachField(T& sums, F& each) {
  each(sums.rows);
  each(sums.errors);
  each(sums.first_ms);
  each(sums.last_ms);
  each(sums.latency_us);
  each(sums.versions);
  each(sums.columns);
}

template <typename T, typename F>
requires std::is_same_v<std::remove_const_t<T>, KnownSums>
void ForEachField(T& sums, F& each) {
  each(sums.known);
  each(sums.feedback);
  each(sums.numbers);
  each(sums.texts);
  each(sums.texts_alone);
}

// Fields in the order of their calls, as this machine keeps them.
class Writer {
 public:
  explicit Writer(std::string* out) : out_(*out) {}
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void operator()(const T& value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void operator()(const std::string& text) {
    (*this)(text.size());
    out_ += text;
  }
  void operator()(const DistinctSketch& sketch) { sketch.Encode(&out_); }
  template <typename T>
  void operator()(const std::vector<T>& values) {
    (*this)(values.size());
    for (const T& value : values) (*this)(value);
  }
  void operator()(const std::map<std::string, int64_t>& counts) {
    (*this)(counts.size());
    for (const auto& [text, count] : counts) {
      (*this)(text);
      (*this)(count);
    }
  }
  template <typename T>
  requires(!std::is_trivially_copyable_v<T>) void operator()(const T& fields) {
    ForEachField(fields, *this);
  }

 private:
  std::string& out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <typename T>
  requires std::is_trivially_copyable_v<T>
  void operator()(T& value) { std::memcpy(&value, Take(sizeof value).data(), sizeof value); }
  void operator()(bool& value) { value = Take(1).front() != 0; }
  void operator()(std::string& text) { text = Take(Size()); }
  void operator()(DistinctSketch& sketch) { sketch = DistinctSketch::Decode(&bytes_); }
  template <typename T>
  void operator()(std::vector<T>& values) {
    const size_t count = Size();
    values.clear();
    for (size_t i = 0; i < count; ++i) (*this)(values.emplace_back());
  }
  void operator()(std::map<std::string, int64_t>& counts) {
    for (size_t count = Size(); count > 0; --count) {
      std::string text;
      (*this)(text);
      (*this)(counts[text]);
    }
  }
  template <typename T>
  requires(!std::is_trivially_copyable_v<T>) void operator()(T& fields) {
    ForEachField(fields, *this);
  }
  bool is_done() const { return bytes_.empty(); }

 private:
  std::string_view Take(size_t count) {
    if (count > bytes_.size()) throw Internal("Sums of a file of the prediction log are cut short");
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  // Of what takes a byte each at least.
  size_t Size() {
    size_t size = 0;
    (*this)(size);
    if (size > bytes_.size()) throw Internal("Sums of a file of the prediction log are cut short");
    return size;
  }

  std::string_view bytes_;
};

template <typename T>
std::string EncodeWith(std::string_view magic, const T& sums) {
  std::string bytes(magic);
  Writer writer(&bytes);
  writer(sums);
  return bytes;
}

template <typename T>
T DecodeWith(std::string_view magic, std::string_view bytes) {
  if (!bytes.starts_with(magic)) throw Internal("These are no sums of the prediction log");
  T sums;
  Reader reader(bytes.substr(magic.size()));
  reader(sums);
  if (!reader.is_done()) throw Internal("Sums of a file of the prediction log are too long");
  return sums;
}

void AddColumn(const ColumnSums& other, ColumnSums* column) {
  column->present += other.present;
  column->distinct.Add(other.distinct);
  column->numbers.Add(other.numbers);
  column->texts.Add(other.texts);
}

}  // namespace

void DistinctSketch::Add(uint64_t hash) {
  // The index out of the lowest bits, the rank out of the others.
  const size_t index = hash & (ranks_.size() - 1);
  const auto rank =
      static_cast<uint8_t>(std::countl_zero(hash >> kIndexBits << kIndexBits | 1) + 1);
  ranks_[index] = std::max(ranks_[index], rank);
  if (!is_exact_) return;
  const auto at = std::lower_bound(few_.begin(), few_.end(), hash);
  if (at != few_.end() && *at == hash) return;
  if (few_.size() == kFewHashesMax) {
    is_exact_ = false;
    few_.clear();
    return;
  }
  few_.insert(at, hash);
}

void DistinctSketch::Add(const DistinctSketch& other) {
  for (size_t i = 0; i < ranks_.size(); ++i) ranks_[i] = std::max(ranks_[i], other.ranks_[i]);
  if (is_exact_ && other.is_exact_) {
    std::vector<uint64_t> both;
    std::set_union(few_.begin(), few_.end(), other.few_.begin(), other.few_.end(),
                   std::back_inserter(both));
    few_ = std::move(both);
    if (few_.size() <= kFewHashesMax) return;
  }
  is_exact_ = false;
  few_.clear();
}

// Flajolet and others, 2007, with their correction for registers that are still empty.
int64_t DistinctSketch::count() const {
  if (is_exact_) return static_cast<int64_t>(few_.size());
  const auto registers = static_cast<double>(ranks_.size());
  double harmonic = 0;
  int empty = 0;
  for (uint8_t rank : ranks_) {
    harmonic += std::ldexp(1.0, -rank);
    if (rank == 0) ++empty;
  }
  const double alpha = 0.7213 / (1 + 1.079 / registers);
  double estimate = alpha * registers * registers / harmonic;
  if (estimate <= 2.5 * registers && empty > 0) estimate = registers * std::log(registers / empty);
  return std::llround(estimate);
}

void DistinctSketch::Encode(std::string* out) const {
  Writer write(out);
  write(is_exact_);
  write(few_);
  if (!is_exact_) write(ranks_);
}

DistinctSketch DistinctSketch::Decode(std::string_view* bytes) {
  DistinctSketch sketch;
  const auto take = [&](void* into, size_t count) {
    if (count > bytes->size()) throw Internal("Sums of the prediction log are cut short");
    std::memcpy(into, bytes->data(), count);
    bytes->remove_prefix(count);
  };
  uint8_t is_exact = 0;
  take(&is_exact, sizeof is_exact);
  size_t few = 0;
  take(&few, sizeof few);
  if (few > kFewHashesMax) throw Internal("Sums of the prediction log are damaged");
  for (; few > 0; --few) {
    uint64_t hash = 0;
    take(&hash, sizeof hash);
    sketch.Add(hash);
  }
  sketch.is_exact_ = is_exact != 0;
  if (is_exact == 0) take(sketch.ranks_.data(), sketch.ranks_.size());
  return sketch;
}

NumberSums NumberSums::Of(std::vector<double>* numbers, size_t points_max) {
  NumberSums sums;
  for (double number : *numbers) {
    if (!(number < 0.5)) ++sums.halves;  // what is no number is the largest, as in SQL
    if (!std::isfinite(number)) {
      ++sums.infinite;
      continue;
    }
    sums.sum += number;
    sums.min = std::min(sums.min, number);
    sums.max = std::max(sums.max, number);
  }
  std::erase_if(*numbers, [](double number) { return !std::isfinite(number); });
  sums.count = static_cast<int64_t>(numbers->size());
  if (numbers->size() <= points_max) {
    for (double number : *numbers) sums.points.push_back({number, 1});
    return sums;
  }
  sums.is_sampled = true;
  const double step = static_cast<double>(numbers->size()) / static_cast<double>(points_max);
  std::vector<size_t> ranks;
  for (size_t i = 0; i < points_max; ++i) {
    ranks.push_back(static_cast<size_t>((static_cast<double>(i) + 0.5) * step));
  }
  SelectRanks(numbers, 0, numbers->size(), ranks, 0, ranks.size());
  for (size_t rank : ranks) sums.points.push_back({(*numbers)[rank], step});
  return sums;
}

void NumberSums::Add(const NumberSums& other) {
  count += other.count;
  infinite += other.infinite;
  sum += other.sum;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  halves += other.halves;
  is_sampled |= other.is_sampled;
  points.insert(points.end(), other.points.begin(), other.points.end());
}

std::optional<double> NumberSums::Quantile(double share) const {
  if (points.empty()) return std::nullopt;
  std::vector<WeightedNumber> sorted = points;
  const auto is_less = [](const WeightedNumber& a, const WeightedNumber& b) {
    return a.value < b.value;
  };
  if (!is_sampled) {
    std::sort(sorted.begin(), sorted.end(), is_less);
    const double rank = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<size_t>(rank);
    const size_t above = std::min(below + 1, sorted.size() - 1);
    const double part = rank - static_cast<double>(below);
    return sorted[below].value + part * (sorted[above].value - sorted[below].value);
  }
  // Halves what may hold the place that so much weight lies before.
  double left = share * static_cast<double>(count);
  auto from = sorted.begin(), to = sorted.end();
  while (to - from > 1) {
    const auto middle = from + (to - from) / 2;
    std::nth_element(from, middle, to, is_less);
    double below = 0;
    for (auto point = from; point != middle; ++point) below += point->weight;
    if (left <= below) {
      to = middle;
    } else {
      left -= below;
      from = middle;
    }
  }
  return from->value;
}

double NumberSums::CountFrom(double threshold) const {
  double from = 0;
  for (const WeightedNumber& point : points) {
    if (point.value >= threshold) from += point.weight;
  }
  return from;
}

void TextSums::Add(const TextSums& other) {
  for (const auto& [text, more] : other.counts) counts[text] += more;
  is_complete &= other.is_complete;
}

std::vector<std::pair<std::string, int64_t>> TextSums::MostFrequent(size_t count) const {
  std::vector<std::pair<std::string, int64_t>> sorted(counts.begin(), counts.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  sorted.resize(std::min(sorted.size(), count));
  return sorted;
}

bool RowSums::Add(const RowSums& other) {
  rows += other.rows;
  errors += other.errors;
  first_ms = std::min(first_ms, other.first_ms);
  last_ms = std::max(last_ms, other.last_ms);
  latency_us.Add(other.latency_us);
  versions.Add(other.versions);
  std::map<std::string_view, ColumnSums*> own;
  for (ColumnSums& column : columns) own[column.name] = &column;
  std::vector<const ColumnSums*> more;
  for (const ColumnSums& column : other.columns) {
    const auto found = own.find(column.name);
    if (found == own.end()) {
      more.push_back(&column);
    } else if (found->second->is_number != column.is_number) {
      return false;
    } else {
      AddColumn(column, found->second);
    }
  }
  for (const ColumnSums* column : more) columns.push_back(*column);
  return true;
}

void KnownSums::Add(const KnownSums& other) {
  known += other.known;
  feedback += other.feedback;
  AddColumn(other.numbers, &numbers);
  AddColumn(other.texts, &texts);
  AddColumn(other.texts_alone, &texts_alone);
}

std::string Encode(const RowSums& sums) {
  return EncodeWith(kRowSumsMagic, sums);
}

RowSums DecodeRowSums(std::string_view bytes) {
  return DecodeWith<RowSums>(kRowSumsMagic, bytes);
}

std::string Encode(const KnownSums& sums) {
  return EncodeWith(kKnownSumsMagic, sums);
}

KnownSums DecodeKnownSums(std::string_view bytes) {
  return DecodeWith<KnownSums>(kKnownSumsMagic, bytes);
}

}  // namespace millwright::monitoring
