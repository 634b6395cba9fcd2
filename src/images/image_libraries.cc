#include "images/image_libraries.h"

namespace millwright::images {

const SharedLibrary& PngLibrary() {
  static const SharedLibrary library("libpng", {"libpng16.so.16"}, "install libpng16-16");
  return library;
}

const SharedLibrary& JpegLibrary() {
  static const SharedLibrary library("libjpeg", {"libjpeg.so.62"}, "install libjpeg62-turbo");
  return library;
}

}  // namespace millwright::images
