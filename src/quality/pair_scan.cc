#include "quality/pair_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <thread>

#include "base/error.h"
#include "quality/histogram_sql.h"
#include "quality/plan_sql.h"
#include "quality/target_power.h"

namespace millwright::quality {
namespace {

using analytics::Column;
using analytics::NumberSpan;
using analytics::Session;

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kBlockRows = 2048;  // as many as DuckDB gives at once
// A sample by hashes is a little larger or smaller than what was asked for.
constexpr int64_t kSampleSlack = 4096;
// Columns that are tried as tellers of the target.
constexpr size_t kTellersMax = 60;

using NamePair = std::pair<std::string, std::string>;

struct NumberSource {
  std::string name;
  double center = 0;  // near the mean, so that sums of squares keep their digits
};

struct CategorySource {
  std::string name;
  std::vector<std::string> values;
};

// Sums of one pair of number columns, of distances from their centers.
struct Sums {
  double n = 0, a = 0, b = 0, aa = 0, bb = 0, ab = 0;
};

// One block of a number column: the distance from its center, and 1 or 0 for there or missing.
struct Block {
  std::array<double, kBlockRows> value, present;
  bool is_full = true;
  double sum = 0, squares = 0;
};

class PairScan {
 public:
  PairScan(const std::vector<Column>& columns, const ProfileOptions& options, TableProfile* profile)
      : columns_(columns), options_(options), profile_(*profile) {
    Choose();
    const size_t n = numbers_.size(), c = categories_.size();
    blocks_.resize(n);
    codes_.resize(c);
    sums_.resize(n * n);
    tables_.resize(c * c);
    groups_.resize(c * n);
    for (size_t i = 0; i < c; ++i) {
      for (size_t j = i + 1; j < c; ++j)
        tables_[i * c + j].resize(categories_[i].values.size() * categories_[j].values.size());
      for (size_t j = 0; j < n; ++j) groups_[i * n + j].resize(categories_[i].values.size());
    }
  }

  void Run(Session& session, const std::string& table) {
    if (selected_.empty()) return;
    samples_.resize(selected_.size());
    for (auto& sample : samples_)
      sample.reserve(static_cast<size_t>(std::min(profile_.rows, kRankRowsMax + kSampleSlack)));
    session.StreamNumbers("SELECT " + Join(selected_, ", ") + " FROM " + table,
                          [this](const std::vector<NumberSpan>& spans, size_t rows) {
                            Take(spans, rows);
                            return true;
                          });
    KeepSums();
    RankSample();
  }

 private:
  // The places of all columns, the target's first, so that no limit leaves it out.
  std::vector<size_t> Places() const {
    std::vector<size_t> places(columns_.size());
    std::iota(places.begin(), places.end(), size_t{0});
    std::stable_partition(places.begin(), places.end(),
                          [&](size_t i) { return columns_[i].name == options_.target; });
    return places;
  }

  void Choose() {
    for (const size_t i : Places()) {
      const ColumnStatistics& column = profile_.columns[i];
      if (column.kind == FiguresKind::kNumber && numbers_.size() < kPairedNumbersMax &&
          column.numbers->mean) {
        numbers_.push_back({column.name, *column.numbers->mean});
        number_places_.push_back(i);
      }
    }
    // A column of one value tells nothing here, but may in a part that this one is merged with.
    for (const size_t i : Places()) {
      if (profile_.columns[i].distinct > 1) ChooseCategory(i);
    }
    for (const size_t i : Places()) {
      if (profile_.columns[i].distinct == 1) ChooseCategory(i);
    }
    for (const size_t i : number_places_) selected_.push_back(NumberSql(columns_[i]));
    for (size_t i = 0; i < categories_.size(); ++i)
      selected_.push_back(CodeSql(columns_[category_places_[i]], categories_[i]));
    if (!options_.target.empty()) ChooseTellers();
  }

  void ChooseCategory(size_t i) {
    const ColumnStatistics& column = profile_.columns[i];
    if (column.kind != FiguresKind::kText || categories_.size() == kPairedCategoriesMax ||
        column.distinct > kPairedDistinctMax || column.sketch.counts_error != 0)
      return;
    categories_.push_back({column.name, {}});
    for (const auto& [value, count] : column.sketch.counts)
      categories_.back().values.push_back(value);
    category_places_.push_back(i);
  }

  // What is not paired may still give the target away: it is compared by hashes of its values.
  void ChooseTellers() {
    for (const size_t i : Places()) {
      if (selected_.size() >= kTellersMax) break;
      const auto is_in = [&](const std::vector<size_t>& places) {
        return std::find(places.begin(), places.end(), i) != places.end();
      };
      if (is_in(number_places_) || is_in(category_places_)) continue;
      hashed_places_.push_back(i);
      selected_.push_back(HashSql(columns_[i]));
    }
  }

  static std::string NumberSql(const Column& column) { return FiniteSql(column); }

  static std::string CodeSql(const Column& column, const CategorySource& source) {
    std::vector<std::string> values;
    for (const std::string& value : source.values) values.push_back(analytics::QuoteText(value));
    return fmt::format("CAST(enum_code(TRY_CAST({} AS ENUM({}))) AS BIGINT)", TextSql(column),
                       Join(values, ", "));
  }

  static std::string HashSql(const Column& column) {
    const std::string name = analytics::QuoteName(column.name);
    return fmt::format("CASE WHEN {} THEN CAST(hash({}) >> 12 AS DOUBLE) END", PresentSql(column),
                       name);
  }

  void Take(const std::vector<NumberSpan>& spans, size_t rows) {
    for (size_t start = 0; start < rows; start += kBlockRows)
      TakeBlock(spans, start, std::min(kBlockRows, rows - start));
  }

  void TakeBlock(const std::vector<NumberSpan>& spans, size_t start, size_t rows) {
    for (size_t i = 0; i < numbers_.size(); ++i) Read(spans[i], start, rows, i);
    for (size_t i = 0; i < categories_.size(); ++i) {
      codes_[i].resize(rows);
      const NumberSpan& span = spans[numbers_.size() + i];
      for (size_t row = 0; row < rows; ++row)
        codes_[i][row] = span.Has(start + row) ? static_cast<int>(span.integers[start + row]) : -1;
    }
    AddNumberPairs(rows);
    AddCategoryPairs(rows);
    AddGroups(rows);
    KeepSample(spans, start, rows);
    row_ += static_cast<int64_t>(rows);
  }

  void Read(const NumberSpan& span, size_t start, size_t rows, size_t i) {
    Block& block = blocks_[i];
    block.is_full = true;
    block.sum = block.squares = 0;
    for (size_t row = 0; row < rows; ++row) {
      const bool has = span.Has(start + row);
      block.present[row] = has ? 1 : 0;
      block.value[row] = has ? span.reals[start + row] - numbers_[i].center : 0;
      block.is_full = block.is_full && has;
      block.sum += block.value[row];
      block.squares += block.value[row] * block.value[row];
    }
  }

  void AddNumberPairs(size_t rows) {
    for (size_t i = 0; i < blocks_.size(); ++i) {
      for (size_t j = i + 1; j < blocks_.size(); ++j) {
        const Block &a = blocks_[i], &b = blocks_[j];
        Sums& sums = sums_[i * blocks_.size() + j];
        double product = 0;
        for (size_t row = 0; row < rows; ++row) product += a.value[row] * b.value[row];
        sums.ab += product;
        if (a.is_full && b.is_full) {
          sums.n += static_cast<double>(rows);
          sums.a += a.sum;
          sums.b += b.sum;
          sums.aa += a.squares;
          sums.bb += b.squares;
          continue;
        }
        AddCommon(a, b, rows, &sums);
      }
    }
  }

  static void AddCommon(const Block& a, const Block& b, size_t rows, Sums* sums) {
    Sums part;
    for (size_t row = 0; row < rows; ++row) {
      part.n += a.present[row] * b.present[row];
      const double x = a.value[row] * b.present[row], y = b.value[row] * a.present[row];
      part.a += x;
      part.b += y;
      part.aa += x * x;
      part.bb += y * y;
    }
    sums->n += part.n;
    sums->a += part.a;
    sums->b += part.b;
    sums->aa += part.aa;
    sums->bb += part.bb;
  }

  void AddCategoryPairs(size_t rows) {
    const size_t c = categories_.size();
    for (size_t i = 0; i < c; ++i) {
      for (size_t j = i + 1; j < c; ++j) {
        std::vector<int64_t>& cells = tables_[i * c + j];
        const size_t width = categories_[j].values.size();
        for (size_t row = 0; row < rows; ++row) {
          if (codes_[i][row] < 0 || codes_[j][row] < 0) continue;
          ++cells[static_cast<size_t>(codes_[i][row]) * width +
                  static_cast<size_t>(codes_[j][row])];
        }
      }
    }
  }

  // Sums of distances from the number's center; KeepSums makes moments of them.
  void AddGroups(size_t rows) {
    for (size_t i = 0; i < categories_.size(); ++i) {
      for (size_t j = 0; j < numbers_.size(); ++j) {
        std::vector<GroupMoments>& groups = groups_[i * numbers_.size() + j];
        const Block& block = blocks_[j];
        for (size_t row = 0; row < rows; ++row) {
          if (codes_[i][row] < 0 || block.present[row] == 0) continue;
          GroupMoments& group = groups[static_cast<size_t>(codes_[i][row])];
          ++group.count;
          group.mean += block.value[row];
          group.square += block.value[row] * block.value[row];
        }
      }
    }
  }

  void KeepSample(const std::vector<NumberSpan>& spans, size_t start, size_t rows) {
    const double share = static_cast<double>(kRankRowsMax) /
                         static_cast<double>(std::max<int64_t>(profile_.rows, 1));
    for (size_t row = 0; row < rows; ++row) {
      const auto place = static_cast<uint64_t>(row_ + static_cast<int64_t>(row));
      if (share < 1 && static_cast<double>(HashBits(place) >> 11) * 0x1p-53 >= share) continue;
      for (size_t i = 0; i < spans.size(); ++i) {
        double value = kMissing;
        if (spans[i].Has(start + row))
          value = spans[i].reals != nullptr ? spans[i].reals[start + row]
                                            : static_cast<double>(spans[i].integers[start + row]);
        samples_[i].push_back(value);
      }
    }
  }

  void KeepSums() {
    Associations& found = profile_.associations;
    const size_t n = numbers_.size(), c = categories_.size();
    for (const NumberSource& number : numbers_) found.numbers.push_back(number.name);
    for (const CategorySource& category : categories_) found.categories.push_back(category.name);
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = i + 1; j < n; ++j)
        found.pair_moments[{numbers_[i].name, numbers_[j].name}] = MomentsOfPair(i, j);
    }
    for (size_t i = 0; i < c; ++i) {
      for (size_t j = i + 1; j < c; ++j) KeepTable(i, j);
      for (size_t j = 0; j < n; ++j) KeepGroups(i, j);
    }
    TellPairs(&found);
  }

  PairMoments MomentsOfPair(size_t i, size_t j) const {
    const Sums& sums = sums_[i * numbers_.size() + j];
    PairMoments moments{.count = static_cast<int64_t>(sums.n)};
    if (moments.count == 0) return moments;
    moments.mean_a = numbers_[i].center + sums.a / sums.n;
    moments.mean_b = numbers_[j].center + sums.b / sums.n;
    moments.square_a = std::max(0.0, sums.aa - sums.a * sums.a / sums.n);
    moments.square_b = std::max(0.0, sums.bb - sums.b * sums.b / sums.n);
    moments.product = sums.ab - sums.a * sums.b / sums.n;
    return moments;
  }

  void KeepTable(size_t i, size_t j) {
    const auto &rows = categories_[i].values, &columns = categories_[j].values;
    ContingencyTable& table =
        profile_.associations.tables[{categories_[i].name, categories_[j].name}];
    const std::vector<int64_t>& cells = tables_[i * categories_.size() + j];
    for (size_t cell = 0; cell < cells.size(); ++cell) {
      if (cells[cell] > 0)
        table.counts[{rows[cell / columns.size()], columns[cell % columns.size()]}] = cells[cell];
    }
  }

  void KeepGroups(size_t i, size_t j) {
    auto& kept = profile_.associations.groups[{categories_[i].name, numbers_[j].name}];
    const std::vector<GroupMoments>& groups = groups_[i * numbers_.size() + j];
    for (size_t group = 0; group < groups.size(); ++group) {
      GroupMoments moments = groups[group];
      if (moments.count == 0) continue;
      const auto count = static_cast<double>(moments.count);
      moments.square = std::max(0.0, moments.square - moments.mean * moments.mean / count);
      moments.mean = numbers_[j].center + moments.mean / count;
      kept[categories_[i].values[group]] = moments;
    }
  }

  void RankSample() {
    profile_.associations.rank_rows =
        samples_.empty() ? 0 : static_cast<int64_t>(samples_.front().size());
    if (!options_.target.empty()) TellTarget();
    std::vector<RankedColumn> ranked;
    ranked.reserve(numbers_.size() + categories_.size());
    std::vector<std::string> names;
    for (size_t i = 0; i < numbers_.size() + categories_.size(); ++i) {
      const bool is_number = i < numbers_.size();
      names.push_back(is_number ? numbers_[i].name : categories_[i - numbers_.size()].name);
      ranked.emplace_back(std::move(samples_[i]));
    }
    RankNumbers(ranked, names);
  }

  // Fills one list a statistic, the pairs shared by two threads.
  void RankNumbers(const std::vector<RankedColumn>& ranked, const std::vector<std::string>& names) {
    Associations& found = profile_.associations;
    std::vector<std::pair<size_t, size_t>> pairs;
    for (size_t i = 0; i < names.size(); ++i) {
      for (size_t j = i + 1; j < names.size(); ++j) pairs.emplace_back(i, j);
    }
    struct Ranks {
      double spearman = kMissing, kendall = kMissing, information = kMissing;
    };
    std::vector<Ranks> ranks(pairs.size());
    const bool has_kendall = profile_.rows <= kKendallRowsMax;
    const auto work = [&](size_t first) {
      for (size_t p = first; p < pairs.size(); p += 2) {
        const RankedColumn &a = ranked[pairs[p].first], &b = ranked[pairs[p].second];
        ranks[p].information = MutualInformation(a, b);
        if (pairs[p].second >= numbers_.size()) continue;
        ranks[p].spearman = Spearman(a, b);
        if (has_kendall) ranks[p].kendall = KendallTauB(a, b);
      }
    };
    std::jthread other(work, 1);
    work(0);
    other.join();
    for (size_t p = 0; p < pairs.size(); ++p) {
      const auto& [i, j] = pairs[p];
      found.mutual_information.push_back({names[i], names[j], ranks[p].information});
      if (j >= numbers_.size()) continue;
      found.spearman.push_back({names[i], names[j], ranks[p].spearman});
      if (has_kendall) found.kendall.push_back({names[i], names[j], ranks[p].kendall});
    }
  }

  void TellTarget() {
    TargetSample target;
    std::vector<Teller> tellers;
    const size_t n = numbers_.size(), c = categories_.size();
    for (size_t i = 0; i < selected_.size(); ++i) {
      const size_t place = i < n       ? number_places_[i]
                           : i < n + c ? category_places_[i - n]
                                       : hashed_places_[i - n - c];
      const ColumnStatistics& column = profile_.columns[place];
      if (column.name == options_.target) {
        target.values = samples_[i];
        target.is_class = i >= n || column.distinct <= kPairedDistinctMax;
        if (i >= n + c)
          throw InvalidArgument(
              "The target must be a number or have at most {} values; {} has {} values",
              kPairedDistinctMax, column.name, column.distinct)
              .WithField("target");
      } else {
        const bool is_value = i >= n || column.distinct <= kPairedDistinctMax;
        tellers.push_back({column.name, &samples_[i], is_value});
      }
    }
    profile_.target = options_.target;
    profile_.target_powers = PowersOf(target, tellers);
  }

  const std::vector<Column>& columns_;
  const ProfileOptions& options_;
  TableProfile& profile_;
  std::vector<NumberSource> numbers_;
  std::vector<CategorySource> categories_;
  std::vector<size_t> number_places_, category_places_, hashed_places_;
  std::vector<std::string> selected_;
  std::vector<Block> blocks_;
  std::vector<std::vector<int>> codes_;
  std::vector<Sums> sums_;
  std::vector<std::vector<int64_t>> tables_;
  std::vector<std::vector<GroupMoments>> groups_;
  std::vector<std::vector<double>> samples_;
  int64_t row_ = 0;
};

}  // namespace

void ScanPairs(Session& session, const std::string& table, const std::vector<Column>& columns,
               const ProfileOptions& options, TableProfile* profile) {
  PairScan(columns, options, profile).Run(session, table);
}

void TellPairs(Associations* associations) {
  associations->pearson.clear();
  associations->categorical.clear();
  associations->correlation_ratio.clear();
  for (const auto& [names, moments] : associations->pair_moments) {
    associations->pearson.push_back({names.first, names.second, moments.Pearson()});
  }
  for (const auto& [names, table] : associations->tables) {
    associations->categorical.push_back(
        {{names.first, names.second, kMissing}, AssociationOf(table)});
  }
  for (const auto& [names, groups] : associations->groups) {
    std::vector<GroupMoments> moments;
    for (const auto& [value, group] : groups) moments.push_back(group);
    associations->correlation_ratio.push_back(
        {names.first, names.second, CorrelationRatio(moments)});
  }
}

}  // namespace millwright::quality
