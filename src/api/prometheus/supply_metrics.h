#pragma once

#include <string>

namespace millwright::supply {
class SuppliedModels;
}

namespace millwright::api::prometheus {

// How the models of a model server are supplied: whether their origins answer, what was loaded and
// what could not be, and the memory that each version takes.
std::string SupplyMetrics(const supply::SuppliedModels& models);

}  // namespace millwright::api::prometheus
