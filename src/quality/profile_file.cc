#include "quality/profile_file.h"

#include "base/error.h"
#include "quality/data_files.h"
#include "quality/plan_sql.h"

namespace millwright::quality {
namespace {

constexpr char kTable[] = "__millwright_profiled";
constexpr std::string_view kReadCsv = "read_csv(";

// Whether DuckDB refuses the bytes of a text file.
bool IsAboutEncoding(const Error& error) {
  const std::string& message = error.message();
  return error.code() == Code::kInvalidArgument && (message.find("unicode") != std::string::npos ||
                                                    message.find("Unicode") != std::string::npos ||
                                                    message.find("utf-8") != std::string::npos);
}

std::string WithOption(std::string reader, const std::string& option) {
  reader.insert(reader.size() - 1, ", " + option);
  return reader;
}

std::string ReaderOf(const std::string& file, const ProfileOptions& options) {
  const std::string reader = analytics::ReadFileSql(file, options.as_text);
  if (options.missing_words.empty() || !reader.starts_with(kReadCsv)) return reader;
  std::vector<std::string> words = {"''"};
  for (const std::string& word : options.missing_words) words.push_back(analytics::QuoteText(word));
  return WithOption(reader, "nullstr = [" + Join(words, ", ") + "]");
}

}  // namespace

TableProfile ProfileDataFile(analytics::Session& session, const std::filesystem::path& file,
                             const ProfileOptions& options) {
  const std::string reader = ReaderOf(file.string(), options);
  const auto named = [&](TableProfile profile) {
    profile.name = file.filename().string();
    return profile;
  };
  if (file.extension() == ".parquet") return named(ProfileWholeTable(session, reader, options));
  RequireNarrowCsv(file.string());
  const std::string create =
      std::string("CREATE OR REPLACE TEMP TABLE ") + kTable + " AS SELECT * FROM ";
  if (options.progress) options.progress(0, "reading");
  bool is_latin1 = false;
  try {
    session.Execute(create + reader);
  } catch (const Error& error) {
    if (!reader.starts_with(kReadCsv) || !IsAboutEncoding(error)) throw;
    is_latin1 = true;
    session.Execute(create + WithOption(reader, "encoding = 'latin-1'"));
  }
  TableProfile profile = named(ProfileWholeTable(session, kTable, options));
  session.Execute(std::string("DROP TABLE ") + kTable);
  if (is_latin1)
    profile.warnings.insert(profile.warnings.begin(),
                            {"encoding", "", "The file is no UTF-8; it was read as Latin-1"});
  return profile;
}

}  // namespace millwright::quality
