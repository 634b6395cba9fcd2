// Shows what a model takes and gives, with owners that free what C cannot: describe MODEL
#include <millwright_infer.h>

#include <iostream>
#include <memory>

namespace {

struct Free {
  void operator()(mw_model* model) const { mw_free(model); }
};
using Model = std::unique_ptr<mw_model, Free>;

void Print(const char* what, const mw_spec& spec) {
  std::cout << what << ' ' << spec.name << " [";
  for (size_t i = 0; i < spec.rank; ++i) std::cout << (i == 0 ? "" : ",") << spec.shape[i];
  std::cout << "]\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: describe MODEL\n";
    return 2;
  }
  mw_model* loaded = nullptr;
  if (mw_load(argv[1], &loaded) != MW_OK) {
    std::cerr << argv[1] << ": " << mw_error_message() << '\n';
    return 1;
  }
  const Model model(loaded);
  for (size_t i = 0; i < mw_input_count(model.get()); ++i)
    Print("input", *mw_input(model.get(), i));
  for (size_t i = 0; i < mw_column_count(model.get()); ++i)
    std::cout << "  column " << mw_column_at(model.get(), i)->name << '\n';
  for (size_t i = 0; i < mw_output_count(model.get()); ++i)
    Print("output", *mw_output(model.get(), i));
}
