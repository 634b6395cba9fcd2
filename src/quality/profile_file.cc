#include "quality/profile_file.h"

#include "analytics/csv_look.h"
#include "analytics/read_files.h"
#include "base/error.h"
#include "quality/data_files.h"

namespace millwright::quality {
namespace {

constexpr char kTable[] = "__millwright_profiled";
}  // namespace

TableProfile ProfileDataFile(analytics::Session& session, const std::filesystem::path& file,
                             const ProfileOptions& options) {
  if (std::filesystem::exists(file) && std::filesystem::file_size(file) == 0)
    throw InvalidArgument("The data file is empty: {}", file.string());
  const std::string reader = PlainReader(
      session,
      analytics::ReadFilesSql({file.string()},
                              {.as_text = options.as_text, .missing_words = options.missing_words}),
      file.string());
  const auto named = [&](TableProfile profile) {
    profile.name = file.filename().string();
    return profile;
  };
  if (file.extension() == ".parquet") return named(ProfileWholeTable(session, reader, options));
  RequireNarrowCsv(file.string());
  const std::string create =
      std::string("CREATE OR REPLACE TEMP TABLE ") + kTable + " AS SELECT * FROM ";
  if (options.progress) options.progress(0, "reading");
  session.Execute(create + reader);
  TableProfile profile = named(ProfileWholeTable(session, kTable, options));
  session.Execute(std::string("DROP TABLE ") + kTable);
  if (analytics::IsTextFile(file.string()) && file.extension() != ".gz" &&
      analytics::TextEncodingOf(file.string()) == analytics::TextEncoding::kLatin1)
    profile.warnings.insert(profile.warnings.begin(),
                            {"encoding", "", "The file is no UTF-8; it was read as Latin-1"});
  return profile;
}

}  // namespace millwright::quality
