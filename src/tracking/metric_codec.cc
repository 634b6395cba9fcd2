#include "tracking/metric_codec.h"

#include <zstd.h>

#include <bit>
#include <cstring>
#include <memory>
#include <unordered_map>

#include "base/check.h"
#include "base/error.h"

namespace millwright::tracking {
namespace {

constexpr char kAppendVersion = 1;
constexpr char kPartVersion = 1;
// Speed counts more than the last percent: values of a metric hardly compress beyond their
// repeating bytes.
constexpr int kZstdLevel = 1;
constexpr size_t kVarintBytesMax = 10;
constexpr size_t kValueBytes = 8;
constexpr size_t kColumnBytesMax = kPartPointsMax * (2 * kVarintBytesMax + kValueBytes);

static_assert(std::endian::native == std::endian::little, "values are stored little-endian");

Error Damaged(std::string_view what) {
  return Internal("A stored {} of metrics is damaged", what);
}

void PutVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

// Differences wrap around, so that any two numbers have one.
uint64_t Zigzag(uint64_t difference) {
  return (difference << 1) ^ (0 - (difference >> 63));
}
uint64_t Unzigzag(uint64_t value) {
  return (value >> 1) ^ (0 - (value & 1));
}

void PutDifference(int64_t value, int64_t* before, std::string* out) {
  PutVarint(Zigzag(static_cast<uint64_t>(value) - static_cast<uint64_t>(*before)), out);
  *before = value;
}

class Reader {
 public:
  Reader(std::string_view bytes, std::string_view what) : left_(bytes), what_(what) {}

  std::string_view left() const { return left_; }

  void Version(char version) {
    if (Bytes(1)[0] != version) throw Damaged(what_);
  }
  uint64_t Varint() {
    uint64_t value = 0;
    for (size_t i = 0; i < left_.size() && i < kVarintBytesMax; ++i) {
      const auto byte = static_cast<unsigned char>(left_[i]);
      value |= uint64_t{byte & 0x7fU} << (7 * i);
      if (byte < 0x80) {
        left_.remove_prefix(i + 1);
        return value;
      }
    }
    throw Damaged(what_);
  }
  // A count of things of which each takes at least `bytes_each` of what follows.
  size_t Count(size_t bytes_each) {
    const uint64_t count = Varint();
    if (count > left_.size() / bytes_each) throw Damaged(what_);
    return count;
  }
  int64_t Difference(int64_t* before) {
    const uint64_t difference = Unzigzag(Varint());
    *before = static_cast<int64_t>(static_cast<uint64_t>(*before) + difference);
    return *before;
  }
  std::string_view Bytes(size_t size) {
    if (size > left_.size()) throw Damaged(what_);
    const std::string_view bytes = left_.substr(0, size);
    left_.remove_prefix(size);
    return bytes;
  }
  void End() const {
    if (!left_.empty()) throw Damaged(what_);
  }

 private:
  std::string_view left_;
  std::string_view what_;
};

// Numbers the keys by first appearance. Loggers send them in the same order again and again, so the
// key after the last one is looked at first.
class KeyNumbers {
 public:
  uint32_t Of(std::string_view key) {
    const uint32_t next = last_ + 1 < keys_.size() ? last_ + 1 : 0;
    if (next < keys_.size() && keys_[next] == key) return last_ = next;
    const auto [place, is_new] = numbers_.try_emplace(key, keys_.size());
    if (is_new) keys_.push_back(key);
    return last_ = place->second;
  }
  const std::vector<std::string_view>& keys() const { return keys_; }

 private:
  std::vector<std::string_view> keys_;
  std::unordered_map<std::string_view, uint32_t> numbers_;
  uint32_t last_ = 0;
};

std::string ColumnsOf(std::span<const MetricPoint> points) {
  std::string columns;
  columns.reserve(points.size() * (kValueBytes + 4));
  int64_t before = 0;
  for (const auto& point : points) PutDifference(point.timestamp_ms, &before, &columns);
  before = 0;
  for (const auto& point : points) PutDifference(point.step, &before, &columns);
  const size_t start = columns.size();
  columns.resize(start + points.size() * kValueBytes);
  uint64_t last = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    const auto bits = std::bit_cast<uint64_t>(points[i].value);
    for (size_t place = 0; place < kValueBytes; ++place) {
      columns[start + place * points.size() + i] = static_cast<char>((bits ^ last) >> (8 * place));
    }
    last = bits;
  }
  return columns;
}

struct ContextDeleter {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

void Compress(const std::string& columns, std::string* out) {
  thread_local const std::unique_ptr<ZSTD_CCtx, ContextDeleter> context(ZSTD_createCCtx());
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kZstdLevel);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  const size_t start = out->size();
  out->resize(start + ZSTD_compressBound(columns.size()));
  const size_t size = ZSTD_compress2(context.get(), out->data() + start, out->size() - start,
                                     columns.data(), columns.size());
  CHECK(!ZSTD_isError(size));
  out->resize(start + size);
}

std::string_view Decompress(std::string_view frame) {
  thread_local const std::unique_ptr<ZSTD_DCtx, ContextDeleter> context(ZSTD_createDCtx());
  thread_local std::string columns;
  const unsigned long long size = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ||
      size > kColumnBytesMax) {
    throw Damaged("part");
  }
  columns.resize(size);
  const size_t written = ZSTD_decompressDCtx(context.get(), columns.data(), columns.size(),
                                             frame.data(), frame.size());
  if (ZSTD_isError(written) || written != size) throw Damaged("part");
  return columns;
}

}  // namespace

std::string EncodeAppend(std::span<const Metric> metrics) {
  KeyNumbers numbers;
  std::vector<uint32_t> key_of;
  key_of.reserve(metrics.size());
  for (const auto& metric : metrics) key_of.push_back(numbers.Of(metric.key));

  std::string out(1, kAppendVersion);
  out.reserve(32 + metrics.size() * (kValueBytes + 4) + numbers.keys().size() * 32);
  PutVarint(metrics.size(), &out);
  PutVarint(numbers.keys().size(), &out);
  for (const auto key : numbers.keys()) {
    PutVarint(key.size(), &out);
    out += key;
  }
  int64_t before = 0;
  if (numbers.keys().size() > 1) {
    for (const uint32_t number : key_of) PutDifference(number, &before, &out);
  }
  before = 0;
  for (const auto& metric : metrics) PutDifference(metric.timestamp_ms, &before, &out);
  before = 0;
  for (const auto& metric : metrics) PutDifference(metric.step, &before, &out);
  for (const auto& metric : metrics) {
    const double value = Canonical(metric.value);
    char bytes[kValueBytes];
    std::memcpy(bytes, &value, kValueBytes);
    out.append(bytes, kValueBytes);
  }
  return out;
}

AppendedPoints DecodeAppend(std::string_view bytes) {
  Reader reader(bytes, "append");
  reader.Version(kAppendVersion);
  const size_t count = reader.Count(kValueBytes + 2);
  const size_t keys = reader.Count(1);
  AppendedPoints result;
  result.keys.reserve(keys);
  for (size_t i = 0; i < keys; ++i) result.keys.push_back(reader.Bytes(reader.Varint()));
  if (keys == 0 && count > 0) throw Damaged("append");
  result.key_of.resize(count, 0);
  int64_t before = 0;
  if (keys > 1) {
    for (auto& number : result.key_of) {
      const int64_t key = reader.Difference(&before);
      if (key < 0 || static_cast<uint64_t>(key) >= keys) throw Damaged("append");
      number = static_cast<uint32_t>(key);
    }
  }
  result.points.resize(count);
  before = 0;
  for (auto& point : result.points) point.timestamp_ms = reader.Difference(&before);
  before = 0;
  for (auto& point : result.points) point.step = reader.Difference(&before);
  for (auto& point : result.points) {
    std::memcpy(&point.value, reader.Bytes(kValueBytes).data(), kValueBytes);
  }
  reader.End();
  return result;
}

std::string EncodePart(std::span<const MetricPoint> points) {
  CHECK(!points.empty() && points.size() <= kPartPointsMax);
  std::string out(1, kPartVersion);
  PutVarint(points.size(), &out);
  Compress(ColumnsOf(points), &out);
  return out;
}

std::vector<MetricPoint> DecodePart(std::string_view bytes) {
  Reader head(bytes, "part");
  head.Version(kPartVersion);
  const uint64_t count = head.Varint();
  if (count == 0 || count > kPartPointsMax) throw Damaged("part");
  Reader reader(Decompress(head.left()), "part");
  std::vector<MetricPoint> points(count);
  int64_t before = 0;
  for (auto& point : points) point.timestamp_ms = reader.Difference(&before);
  before = 0;
  for (auto& point : points) point.step = reader.Difference(&before);
  const std::string_view planes = reader.Bytes(count * kValueBytes);
  reader.End();
  uint64_t last = 0;
  for (size_t i = 0; i < count; ++i) {
    uint64_t bits = 0;
    for (size_t place = 0; place < kValueBytes; ++place) {
      bits |= uint64_t{static_cast<unsigned char>(planes[place * count + i])} << (8 * place);
    }
    last ^= bits;
    points[i].value = std::bit_cast<double>(last);
  }
  return points;
}

}  // namespace millwright::tracking
