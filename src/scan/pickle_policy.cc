#include "scan/pickle_policy.h"

#include <algorithm>

namespace millwright::scan {
namespace {

// Top-level packages whose globals run code, load it, or reach files, processes or the network.
// This only makes a finding graver: what is on neither list is refused as well.
constexpr std::string_view kDangerousPackages[] = {
    "__main__",     "_io",       "_posixsubprocess",
    "_pyrepl",      "aiohttp",   "asyncio",
    "bdb",          "cProfile",  "code",
    "codeop",       "commands",  "ctypes",
    "distutils",    "doctest",   "ensurepip",
    "fileinput",    "ftplib",    "gc",
    "http",         "httplib",   "idlelib",
    "imaplib",      "importlib", "inspect",
    "io",           "lib2to3",   "linecache",
    "marshal",      "mimetypes", "multiprocessing",
    "nt",           "ntpath",    "os",
    "pdb",          "pickle",    "pip",
    "pkgutil",      "platform",  "poplib",
    "popen2",       "posix",     "posixpath",
    "profile",      "pty",       "pydoc",
    "requests",     "runpy",     "setuptools",
    "shelve",       "shutil",    "signal",
    "site",         "smtplib",   "socket",
    "socketserver", "ssl",       "subprocess",
    "sys",          "tempfile",  "tarfile",
    "telnetlib",    "test",      "threading",
    "timeit",       "trace",     "types",
    "urllib",       "urllib2",   "urllib3",
    "uuid",         "venv",      "webbrowser",
    "zipapp",       "zipfile",   "zipimport",
    "_pickle",      "cPickle",   "_thread",
};

struct Name {
  std::string_view module;
  std::string_view name;  // "*": every one
};
constexpr Name kDangerousNames[] = {
    {"builtins", "__import__"},
    {"builtins", "apply"},
    {"builtins", "breakpoint"},
    {"builtins", "compile"},
    {"builtins", "delattr"},
    {"builtins", "eval"},
    {"builtins", "exec"},
    {"builtins", "execfile"},
    {"builtins", "getattr"},
    {"builtins", "globals"},
    {"builtins", "input"},
    {"builtins", "locals"},
    {"builtins", "open"},
    {"builtins", "setattr"},
    {"builtins", "vars"},
    {"cloudpickle.cloudpickle", "*"},
    {"cloudpickle.cloudpickle_fast", "*"},
    {"dill._dill", "*"},
    {"functools", "partial"},
    {"functools", "reduce"},
    {"joblib.memory", "*"},
    {"numpy.f2py.crackfortran", "*"},
    {"numpy.testing._private.utils", "*"},
    {"operator", "attrgetter"},
    {"operator", "itemgetter"},
    {"operator", "methodcaller"},
    {"_operator", "attrgetter"},
    {"_operator", "itemgetter"},
    {"_operator", "methodcaller"},
    {"torch.hub", "*"},
    {"torch.jit.unsupported_tensor_ops", "*"},
    {"torch.serialization", "load"},
    {"torch", "load"},
    {"torch.utils.collect_env", "*"},
    {"torch.utils._config_module", "*"},
};

// Python's own table of modules that were renamed for version 3, as far as lists name them.
std::string_view ModernModule(std::string_view module) {
  if (module == "__builtin__") return "builtins";
  if (module == "copy_reg") return "copyreg";
  return module;
}

bool Names(std::string_view list, std::string_view name) {
  for (size_t begin = 0; begin < list.size();) {
    const size_t end = std::min(list.find(' ', begin), list.size());
    if (list.substr(begin, end - begin) == name) return true;
    begin = end + 1;
  }
  return false;
}

bool IsTrusted(std::string_view module, std::string_view name) {
  // Types of a TorchScript archive: no Python module has this name.
  if (module == "__torch__" || module.starts_with("__torch__.")) return true;
  const auto* const end = kTrustedModules + kTrustedModuleCount;
  const auto* const found = std::lower_bound(
      kTrustedModules, end, module,
      [](const TrustedModule& one, std::string_view wanted) { return one.module < wanted; });
  return found != end && found->module == module && Names(found->names, name);
}

bool IsDangerous(std::string_view module, std::string_view name) {
  const std::string_view package = module.substr(0, module.find('.'));
  if (std::find(std::begin(kDangerousPackages), std::end(kDangerousPackages), package) !=
      std::end(kDangerousPackages)) {
    return true;
  }
  // A dotted name reaches through what it names to anything: "Pipeline.__init__.__globals__".
  if (name.find('.') != std::string_view::npos) return true;
  return std::any_of(std::begin(kDangerousNames), std::end(kDangerousNames), [&](const Name& one) {
    return one.module == module && (one.name == "*" || one.name == name);
  });
}

}  // namespace

PicklePolicy::PicklePolicy(std::vector<std::string> more) : more_(std::move(more)) {
  std::sort(more_.begin(), more_.end());
}

GlobalTrust PicklePolicy::Judge(std::string_view module, std::string_view name) const {
  module = ModernModule(module);
  std::string full(module);
  full += '.';
  full += name;
  if (std::binary_search(more_.begin(), more_.end(), full)) return GlobalTrust::kAllowed;
  if (name.find('.') == std::string_view::npos && IsTrusted(module, name)) {
    return GlobalTrust::kAllowed;
  }
  return IsDangerous(module, name) ? GlobalTrust::kDangerous : GlobalTrust::kUnknown;
}

}  // namespace millwright::scan
