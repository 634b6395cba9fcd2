#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "scan/finding.h"
#include "scan/pickle_reader.h"
#include "scan/unpack.h"
#include "scan/unpacked.h"
#include "scan/zip_archive.h"

namespace millwright::scan {

// Some bytes to look at and where they are.
struct Part {
  std::string_view bytes;
  std::string name;   // the last name: of the file or of the member
  std::string place;  // for findings
  int depth = 0;      // of archives around it
  // Where files beside it would lie; empty within archives.
  std::filesystem::path folder;
};

// One scan at work: gathers the report. Not thread-safe.
class Scanner {
 public:
  explicit Scanner(const PicklePolicy& policy) : policy_(policy) {}

  void ScanFile(const std::filesystem::path& file, const std::string& place);
  void ScanPart(const Part& part);
  void Say(Severity severity, std::string_view rule, const std::string& place, std::string message);
  Report TakeReport();
  int64_t files() const { return report_.files; }

 private:
  // Each looks at one kind; true: the bytes are of it and nothing else needs to look.
  bool ScanZip(const Part& part);
  bool ScanArchive(const Part& part);
  bool ScanCompressed(const Part& part);
  bool ScanNumpy(const Part& part);
  void ScanPickles(const Part& part, size_t begin, PickleClaim claim);
  void ScanHiddenPickles(const Part& part, size_t begin);
  void ScanByName(const Part& part);

  void ScanZipMember(const Part& archive, const ZipMember& member);
  void ScanMember(const Part& archive, const std::string& name, std::string_view bytes);
  void CheckMemberName(const Part& archive, const std::string& name);
  void SayUnpackEnd(UnpackEnd end, const std::string& problem, const std::string& place);

  const PicklePolicy& policy_;
  UnpackBudget budget_;
  Report report_;
};

// Says whether files of this name are unpickled by those who use them.
bool IsPickleName(std::string_view name);

// Looks at what a file's name says it is: ONNX, Keras, TensorFlow, MLmodel, documents, code.
void ScanOnnx(const Part& part, Scanner* scanner);
void ScanKeras(const Part& part, Scanner* scanner);
void ScanSavedModel(const Part& part, Scanner* scanner);
void ScanMlmodel(const Part& part, Scanner* scanner);
void ScanDocument(const Part& part, Scanner* scanner);

}  // namespace millwright::scan
