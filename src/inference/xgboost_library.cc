#include "inference/xgboost_library.h"

#include <xgboost/c_api.h>

#include <cstdlib>
#include <mutex>
#include <type_traits>

#include "base/process.h"
#include "base/shared_library.h"

namespace millwright::inference {
namespace {

constexpr char kLibraryName[] = "libxgboost.so.0";

std::vector<std::string> Candidates() {
  const char* chosen = std::getenv("MILLWRIGHT_XGBOOST_LIBRARY");
  if (chosen != nullptr && *chosen != '\0') return {chosen};
  return {(ThisObject().parent_path() / kLibraryName).string(), kLibraryName, "libxgboost.so"};
}

// Fills one pointer; it does not compile when our declaration differs from XGBoost's.
template <typename Declared, typename Function>
void Bind(const SharedLibrary& library, const char* name, Function* function) {
  static_assert(std::is_same_v<Declared, Function>);
  *function = reinterpret_cast<Function>(library.Symbol(name));
}

XgboostLibrary Open() {
  const SharedLibrary library("XGBoost", Candidates(),
                              "install libxgboost0 or set MILLWRIGHT_XGBOOST_LIBRARY");
  XgboostLibrary out;
  Bind<decltype(&XGBGetLastError)>(library, "XGBGetLastError", &out.GetLastError);
  Bind<decltype(&XGBSetGlobalConfig)>(library, "XGBSetGlobalConfig", &out.SetGlobalConfig);
  Bind<decltype(&XGDMatrixCreateFromDense)>(library, "XGDMatrixCreateFromDense",
                                            &out.DMatrixCreateFromDense);
  Bind<decltype(&XGDMatrixFree)>(library, "XGDMatrixFree", &out.DMatrixFree);
  Bind<decltype(&XGDMatrixSetFloatInfo)>(library, "XGDMatrixSetFloatInfo",
                                         &out.DMatrixSetFloatInfo);
  Bind<decltype(&XGBoosterCreate)>(library, "XGBoosterCreate", &out.BoosterCreate);
  Bind<decltype(&XGBoosterFree)>(library, "XGBoosterFree", &out.BoosterFree);
  Bind<decltype(&XGBoosterSetParam)>(library, "XGBoosterSetParam", &out.BoosterSetParam);
  Bind<decltype(&XGBoosterGetNumFeature)>(library, "XGBoosterGetNumFeature",
                                          &out.BoosterGetNumFeature);
  Bind<decltype(&XGBoosterBoostedRounds)>(library, "XGBoosterBoostedRounds",
                                          &out.BoosterBoostedRounds);
  Bind<decltype(&XGBoosterUpdateOneIter)>(library, "XGBoosterUpdateOneIter",
                                          &out.BoosterUpdateOneIter);
  Bind<decltype(&XGBoosterEvalOneIter)>(library, "XGBoosterEvalOneIter", &out.BoosterEvalOneIter);
  Bind<decltype(&XGBoosterSlice)>(library, "XGBoosterSlice", &out.BoosterSlice);
  Bind<decltype(&XGBoosterPredictFromDense)>(library, "XGBoosterPredictFromDense",
                                             &out.BoosterPredictFromDense);
  Bind<decltype(&XGBoosterLoadModel)>(library, "XGBoosterLoadModel", &out.BoosterLoadModel);
  Bind<decltype(&XGBoosterSaveModelToBuffer)>(library, "XGBoosterSaveModelToBuffer",
                                              &out.BoosterSaveModelToBuffer);
  Bind<decltype(&XGBoosterSaveJsonConfig)>(library, "XGBoosterSaveJsonConfig",
                                           &out.BoosterSaveJsonConfig);
  Bind<decltype(&XGBoosterSetStrFeatureInfo)>(library, "XGBoosterSetStrFeatureInfo",
                                              &out.BoosterSetStrFeatureInfo);
  Bind<decltype(&XGBoosterGetStrFeatureInfo)>(library, "XGBoosterGetStrFeatureInfo",
                                              &out.BoosterGetStrFeatureInfo);
  Bind<decltype(&XGBoostVersion)>(library, "XGBoostVersion", &out.Version);
  Bind<decltype(&XGBoosterFeatureScore)>(library, "XGBoosterFeatureScore",
                                         &out.BoosterFeatureScore);
  return out;
}

}  // namespace

std::string XgboostRelease::str() const {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
}

XgboostRelease LibraryRelease() {
  XgboostRelease release;
  GetXgboost().Version(&release.major, &release.minor, &release.patch);
  return release;
}

const XgboostLibrary& GetXgboost() {
  // Never destroyed: boosters in other static objects may end after any order we could choose.
  static std::mutex mutex;
  static XgboostLibrary* library = nullptr;
  std::lock_guard lock(mutex);
  if (library == nullptr) library = new XgboostLibrary(Open());
  return *library;
}

}  // namespace millwright::inference
