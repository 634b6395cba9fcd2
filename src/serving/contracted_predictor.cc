#include "serving/contracted_predictor.h"

#include "base/error.h"

namespace millwright::serving {
namespace {

// Of a label's value in Prometheus' text.
std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

}  // namespace

ContractPtr FixedContracts::Find(const std::string& model) {
  auto found = contracts_.find(model);
  if (found == contracts_.end()) found = contracts_.find("*");
  return found == contracts_.end() ? nullptr : found->second;
}

std::vector<std::pair<std::string, ContractPtr>> FixedContracts::All() const {
  return {contracts_.begin(), contracts_.end()};
}

void ContractedPredictor::Infer(InferRequest&& request, InferDone done) {
  ContractPtr contract;
  std::optional<Breach> breach;
  try {
    contract = book_.Find(request.model);
    if (contract != nullptr && contract->action() != ContractAction::kPass) {
      breach = contract->Check(predictor_.Describe(request.model, request.version), request);
    }
  } catch (const Error& error) {
    // Of a model that is not here or not ready the predictor says so in its own words; a contract
    // that cannot be had must not become none.
    if (error.code() != Code::kNotFound && error.code() != Code::kUnavailable) {
      done(Unexpected(error));
      return;
    }
  }
  if (breach && contract->action() == ContractAction::kReject) {
    done(Unexpected(
        InvalidArgument("The contract {} is broken: {}", contract->rules().suite(), breach->message)
            .WithField(breach->field)));
    return;
  }
  predictor_.Infer(std::move(request), std::move(done));
}

std::string ContractedPredictor::MetricsText() const {
  const auto contracts = book_.All();
  if (contracts.empty()) return "";
  std::string rows, broken, rejected, fields;
  for (const auto& [model, contract] : contracts) {
    const ContractCounts counts = contract->Counts();
    const std::string label = Escaped(model);
    rows += fmt::format("millwright_contract_rows_total{{model=\"{}\"}} {}\n", label, counts.rows);
    broken += fmt::format("millwright_contract_broken_rows_total{{model=\"{}\"}} {}\n", label,
                          counts.broken_rows);
    rejected += fmt::format("millwright_contract_rejected_total{{model=\"{}\"}} {}\n", label,
                            counts.rejected);
    for (const auto& [field, breaches] : counts.by_field) {
      fields += fmt::format("millwright_contract_breaches_total{{model=\"{}\",field=\"{}\"}} {}\n",
                            label, Escaped(field), breaches);
    }
  }
  const auto family = [](std::string_view name, std::string_view help, const std::string& lines) {
    return fmt::format("# HELP {} {}\n# TYPE {} counter\n{}", name, help, name, lines);
  };
  return family("millwright_contract_rows_total", "Rows that were held to a contract", rows) +
         family("millwright_contract_broken_rows_total", "Rows that broke it", broken) +
         family("millwright_contract_rejected_total", "Requests refused for it", rejected) +
         family("millwright_contract_breaches_total", "Requests that broke it, by field", fields);
}

}  // namespace millwright::serving
