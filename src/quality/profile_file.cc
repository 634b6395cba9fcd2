#include "quality/profile_file.h"

#include "base/error.h"

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

std::string AsLatin1(std::string reader) {
  reader.insert(reader.size() - 1, ", encoding='latin-1'");
  return reader;
}

}  // namespace

TableProfile ProfileDataFile(analytics::Session& session, const std::filesystem::path& file,
                             const ProfileOptions& options) {
  const std::string reader = analytics::ReadFileSql(file.string());
  const auto named = [&](TableProfile profile) {
    profile.name = file.filename().string();
    return profile;
  };
  if (file.extension() == ".parquet") return named(ProfileWholeTable(session, reader, options));
  const std::string create =
      std::string("CREATE OR REPLACE TEMP TABLE ") + kTable + " AS SELECT * FROM ";
  if (options.progress) options.progress(0, "reading");
  bool is_latin1 = false;
  try {
    session.Execute(create + reader);
  } catch (const Error& error) {
    if (!reader.starts_with(kReadCsv) || !IsAboutEncoding(error)) throw;
    is_latin1 = true;
    session.Execute(create + AsLatin1(reader));
  }
  TableProfile profile = named(ProfileWholeTable(session, kTable, options));
  session.Execute(std::string("DROP TABLE ") + kTable);
  if (is_latin1)
    profile.warnings.insert(profile.warnings.begin(),
                            {"encoding", "", "The file is no UTF-8; it was read as Latin-1"});
  return profile;
}

}  // namespace millwright::quality
