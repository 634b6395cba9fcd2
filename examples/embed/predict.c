/* Asks a model for the class of one row of numbers: predict MODEL NUMBER … */
#include <inttypes.h>
#include <millwright_infer.h>
#include <stdio.h>
#include <stdlib.h>

static int fail(const char* what) {
  fprintf(stderr, "%s: %s\n", what, mw_error_message());
  return 1;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: predict MODEL NUMBER …\n");
    return 2;
  }
  mw_model* model = NULL;
  if (mw_load(argv[1], &model) != MW_OK) return fail(argv[1]);

  const size_t count = (size_t)argc - 2;
  float* row = malloc(count * sizeof *row);
  for (size_t i = 0; i < count; ++i) row[i] = strtof(argv[i + 2], NULL);
  const int64_t shape[] = {1, (int64_t)count};
  const mw_tensor input = {mw_input(model, 0)->name, MW_FP32, shape, 2, row};

  mw_result* result = NULL;
  const mw_status status = mw_predict(model, &input, 1, &result);
  free(row);
  if (status != MW_OK) {
    mw_free(model);
    return fail("predict");
  }
  const mw_tensor* label = mw_result_named(result, "label");
  const mw_tensor* probabilities = mw_result_named(result, "probabilities");
  if (label != NULL && label->type == MW_INT64)
    printf("label %" PRId64 "\n", ((const int64_t*)label->data)[0]);
  for (int64_t i = 0; probabilities != NULL && i < probabilities->shape[1]; ++i)
    printf("class %" PRId64 ": %.4f\n", i, ((const float*)probabilities->data)[i]);
  mw_result_free(result);
  mw_free(model);
  return 0;
}
