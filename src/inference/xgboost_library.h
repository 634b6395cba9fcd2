#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace millwright::inference {

// The functions of XGBoost's C API that we call, by the library's own names without the prefix, as
// this process has loaded them. Handles are opaque; each returns 0, or -1 with GetLastError().
struct XgboostLibrary {
  const char* (*GetLastError)() = nullptr;
  int (*SetGlobalConfig)(const char* config) = nullptr;

  int (*DMatrixCreateFromDense)(const char* data, const char* config, void** out) = nullptr;
  int (*DMatrixFree)(void* matrix) = nullptr;
  int (*DMatrixSetFloatInfo)(void* matrix, const char* field, const float* values,
                             uint64_t count) = nullptr;

  int (*BoosterCreate)(void* const matrices[], uint64_t count, void** out) = nullptr;
  int (*BoosterFree)(void* booster) = nullptr;
  int (*BoosterSetParam)(void* booster, const char* name, const char* value) = nullptr;
  int (*BoosterGetNumFeature)(void* booster, uint64_t* out) = nullptr;
  int (*BoosterBoostedRounds)(void* booster, int* out) = nullptr;
  int (*BoosterUpdateOneIter)(void* booster, int round, void* train) = nullptr;
  int (*BoosterEvalOneIter)(void* booster, int round, void* matrices[], const char* names[],
                            uint64_t count, const char** out) = nullptr;
  int (*BoosterSlice)(void* booster, int begin, int end, int step, void** out) = nullptr;
  int (*BoosterPredictFromDense)(void* booster, const char* values, const char* config,
                                 void* matrix, uint64_t const** shape, uint64_t* rank,
                                 const float** out) = nullptr;
  int (*BoosterLoadModel)(void* booster, const char* path) = nullptr;
  int (*BoosterSaveModelToBuffer)(void* booster, const char* config, uint64_t* size,
                                  const char** out) = nullptr;
  int (*BoosterSaveJsonConfig)(void* booster, uint64_t* size, const char** out) = nullptr;
  int (*BoosterSetStrFeatureInfo)(void* booster, const char* field, const char** values,
                                  uint64_t count) = nullptr;
  int (*BoosterGetStrFeatureInfo)(void* booster, const char* field, uint64_t* count,
                                  const char*** out) = nullptr;
  void (*Version)(int* major, int* minor, int* patch) = nullptr;
  int (*BoosterFeatureScore)(void* booster, const char* config, uint64_t* count,
                             const char*** features, uint64_t* rank, uint64_t const** shape,
                             const float** scores) = nullptr;
};

// A release of XGBoost: of the library, or of what wrote a model.
struct XgboostRelease {
  int major = 0;
  int minor = 0;
  int patch = 0;

  auto operator<=>(const XgboostRelease&) const = default;
  std::string str() const;  // "3.0.0"
};

// Opens the library at the first call: MILLWRIGHT_XGBOOST_LIBRARY alone when it is set, else
// libxgboost.so.0 beside the program or the system's. Throws kUnavailable when none is found; a
// later call tries again. Thread-safe.
const XgboostLibrary& GetXgboost();

// Of the library that GetXgboost opened.
XgboostRelease LibraryRelease();

}  // namespace millwright::inference
