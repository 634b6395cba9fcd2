/* Models inside of a program of one's own: load, describe, predict, free.
 *
 * A model is what `millwright serve` takes: a file (.onnx, .ubj, .json) or a folder with an
 * MLmodel. Predictions are the same to the last bit, for it is the same code. All functions may be
 * called from any thread, also for one model at a time; a result belongs to whoever asked for it.
 * Nothing of C++ passes this boundary. Pointers that are given out live as long as the model or the
 * result that they came from.
 *
 * Functions that can fail return MW_OK or a code below; mw_error_message() then says what was
 * wrong. NULL is never a crash: in the place of a model or a result it holds nothing (counts are 0,
 * pointers NULL, freeing does nothing); where something is loaded or predicted it is
 * MW_INVALID_ARGUMENT.
 */
#ifndef MILLWRIGHT_INFER_H_
#define MILLWRIGHT_INFER_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MW_API __attribute__((visibility("default")))
#else
#define MW_API
#endif

/* Raised when a program that was compiled with an older header would no longer work. */
#define MW_ABI_VERSION 1
MW_API int mw_abi_version(void);

typedef enum mw_status {
  MW_OK = 0,
  MW_INVALID_ARGUMENT = 1,   /* a wrong name, type or shape; a broken model */
  MW_NOT_FOUND = 2,          /* there is no such model */
  MW_UNAVAILABLE = 3,        /* the engine's library or the Python worker cannot be had */
  MW_RESOURCE_EXHAUSTED = 4, /* memory */
  MW_DEADLINE_EXCEEDED = 5,  /* a Python model took too long */
  MW_INTERNAL = 6            /* the model failed while it ran */
} mw_status;

/* What the last call of this thread that failed has to say; "" before the first. Lives until the
 * next call of this thread. */
MW_API const char* mw_error_message(void);

/* Element types, named as in the Open Inference Protocol. A MW_BOOL is a byte, 0 or 1; MW_BYTES are
 * texts. */
typedef enum mw_type {
  MW_BOOL = 0,
  MW_UINT8 = 1,
  MW_UINT16 = 2,
  MW_UINT32 = 3,
  MW_UINT64 = 4,
  MW_INT8 = 5,
  MW_INT16 = 6,
  MW_INT32 = 7,
  MW_INT64 = 8,
  MW_FP16 = 9,
  MW_FP32 = 10,
  MW_FP64 = 11,
  MW_BYTES = 12
} mw_type;

/* A text that need not end with NUL and may hold it. */
typedef struct mw_text {
  const char* data;
  size_t size;
} mw_text;

/* A named array in row-major order. `data` points to the elements, for MW_BYTES to mw_text. */
typedef struct mw_tensor {
  const char* name;
  int type; /* an mw_type */
  const int64_t* shape;
  size_t rank;
  const void* data;
} mw_tensor;

/* What a model takes or gives; -1 in the shape stands for any size. */
typedef struct mw_spec {
  const char* name;
  mw_type type;
  const int64_t* shape;
  size_t rank;
  int optional;
} mw_spec;

/* A column of the model's one input where its last dimension is named columns. */
typedef struct mw_column {
  const char* name;
  mw_type type;
  int optional; /* may be missing: NaN */
} mw_column;

typedef struct mw_model mw_model;
typedef struct mw_result mw_result;

/* *model is NULL after a failure. */
MW_API mw_status mw_load(const char* path, mw_model** model);
MW_API void mw_free(mw_model* model); /* results outlive it */

MW_API size_t mw_input_count(const mw_model* model);
MW_API size_t mw_output_count(const mw_model* model);
MW_API size_t mw_column_count(const mw_model* model);
/* NULL beyond the last. */
MW_API const mw_spec* mw_input(const mw_model* model, size_t index);
MW_API const mw_spec* mw_output(const mw_model* model, size_t index);
MW_API const mw_column* mw_column_at(const mw_model* model, size_t index);

/* Runs the model on inputs in any order; they are only read. Blocks for the model's time. *result
 * is NULL after a failure. */
MW_API mw_status mw_predict(mw_model* model, const mw_tensor* inputs, size_t input_count,
                            mw_result** result);
MW_API size_t mw_result_count(const mw_result* result);
/* NULL beyond the last. */
MW_API const mw_tensor* mw_result_at(const mw_result* result, size_t index);
/* The output of this name, NULL when there is none. */
MW_API const mw_tensor* mw_result_named(const mw_result* result, const char* name);
MW_API void mw_result_free(mw_result* result);

#ifdef __cplusplus
}
#endif

#endif /* MILLWRIGHT_INFER_H_ */
