#pragma once

// jpeglib.h needs what is before it.
// clang-format off
#include <cstddef>
#include <cstdio>
#include <jpeglib.h>
// clang-format on
#include <png.h>

#include "base/lazy_function.h"

// The functions of libpng and libjpeg, each under its own name; the libraries are opened at the
// first call.
namespace millwright::images {

const SharedLibrary& PngLibrary();
const SharedLibrary& JpegLibrary();

#define MILLWRIGHT_PNG(name) \
  inline constinit LazyFunction<decltype(&::name)> name(&PngLibrary, #name);
#define MILLWRIGHT_JPEG(name) \
  inline constinit LazyFunction<decltype(&::name)> name(&JpegLibrary, #name);

MILLWRIGHT_PNG(png_image_begin_read_from_memory)
MILLWRIGHT_PNG(png_image_finish_read)
MILLWRIGHT_PNG(png_image_free)

MILLWRIGHT_JPEG(jpeg_CreateDecompress)
MILLWRIGHT_JPEG(jpeg_destroy_decompress)
MILLWRIGHT_JPEG(jpeg_mem_src)
MILLWRIGHT_JPEG(jpeg_read_header)
MILLWRIGHT_JPEG(jpeg_read_scanlines)
MILLWRIGHT_JPEG(jpeg_start_decompress)
MILLWRIGHT_JPEG(jpeg_std_error)

#undef MILLWRIGHT_PNG
#undef MILLWRIGHT_JPEG

}  // namespace millwright::images
