#include <charconv>
#include <csetjmp>
#include <cstring>
#include <memory>
#include <string>

#include "base/digest.h"
#include "images/image.h"
#include "images/image_libraries.h"

namespace millwright::images {
namespace {

constexpr std::string_view kPngMagic = "\x89PNG\r\n\x1a\n";
constexpr std::string_view kJpegMagic = "\xff\xd8\xff";
// The same in base64, as far as whole characters go.
constexpr std::string_view kPngBase64 = "iVBORw0KGgo";
constexpr std::string_view kJpegBase64 = "/9j/";
constexpr std::string_view kDataUrl = "data:image/";
// A progressive file of more passes is made to be slow.
constexpr int kJpegScansMax = 100;
constexpr size_t kDepthMax = 5;  // of nested lists

bool IsAllowed(size_t width, size_t height) {
  return width >= kImageSideMin && height >= kImageSideMin && height <= kImagePixelsMax / width;
}

// Takes a row of pixels of one or three bytes.
class PixelRows {
 public:
  PixelRows(size_t width, size_t height, size_t channels)
      : image_{width, height, std::vector<float>(width * height), std::nullopt},
        channels_(channels) {}

  void Add(const uint8_t* row) {
    float* out = image_.luminance.data() + next_;
    next_ += image_.width;
    for (size_t x = 0; x < image_.width; ++x) {
      const uint8_t* pixel = row + x * channels_;
      if (channels_ == 1) {
        out[x] = pixel[0];
        continue;
      }
      for (size_t c = 0; c < sums_.size(); ++c) sums_[c] += pixel[c];
      out[x] = 0.299F * pixel[0] + 0.587F * pixel[1] + 0.114F * pixel[2];
    }
  }

  Image Take() && {
    if (channels_ == 3) {
      std::array<double, 3> means = {};
      for (size_t c = 0; c < means.size(); ++c) {
        means[c] = static_cast<double>(sums_[c]) / static_cast<double>(image_.luminance.size());
      }
      image_.channel_means = means;
    }
    return std::move(image_);
  }

 private:
  Image image_;
  const size_t channels_;
  size_t next_ = 0;
  std::array<uint64_t, 3> sums_ = {};
};

std::optional<Image> ReadPng(std::string_view bytes) {
  png_image png = {};
  png.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) == 0) return std::nullopt;
  // Frees what is left of a reading that ended early.
  struct Free {
    void operator()(png_image* image) const { png_image_free(image); }
  };
  const std::unique_ptr<png_image, Free> guard(&png);
  if (!IsAllowed(png.width, png.height)) return std::nullopt;
  const bool is_colour = (png.format & PNG_FORMAT_FLAG_COLOR) != 0;
  const size_t channels = is_colour ? 3 : 1;
  png.format = is_colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  std::vector<uint8_t> pixels(png.width * size_t{png.height} * channels);
  // What is transparent lies on white, as a page shows it.
  const png_color white = {255, 255, 255};
  if (png_image_finish_read(&png, &white, pixels.data(), 0, nullptr) == 0) return std::nullopt;
  PixelRows rows(png.width, png.height, channels);
  for (size_t y = 0; y < png.height; ++y) rows.Add(&pixels[y * png.width * channels]);
  return std::move(rows).Take();
}

// libjpeg ends a damaged file by a jump, so that nothing with a destructor may live in Decode.
class JpegReader {
 public:
  explicit JpegReader(std::string_view bytes) : bytes_(bytes) {
    jpeg_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = [](j_common_ptr jpeg) {
      std::longjmp(reinterpret_cast<Errors*>(jpeg->err)->jump, 1);
    };
    errors_.base.output_message = [](j_common_ptr) {};
    progress_.progress_monitor = [](j_common_ptr jpeg) {
      const int scans = reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number;
      if (scans > kJpegScansMax) jpeg->err->error_exit(jpeg);
    };
  }
  ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  std::optional<Image> Read() {
    if (!Open() || !IsAllowed(jpeg_.output_width, jpeg_.output_height)) return std::nullopt;
    rows_.emplace(jpeg_.output_width, jpeg_.output_height,
                  static_cast<size_t>(jpeg_.output_components));
    row_.resize(size_t{jpeg_.output_width} * static_cast<size_t>(jpeg_.output_components));
    if (!Decode()) return std::nullopt;
    return std::move(*rows_).Take();
  }

 private:
  struct Errors {
    jpeg_error_mgr base;
    std::jmp_buf jump;
  };

  bool Open() {
    if (setjmp(errors_.jump) != 0) return false;
    jpeg_CreateDecompress(&jpeg_, JPEG_LIB_VERSION, sizeof jpeg_);
    jpeg_.progress = &progress_;
    jpeg_mem_src(&jpeg_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
    jpeg_read_header(&jpeg_, TRUE);
    if (!IsAllowed(jpeg_.image_width, jpeg_.image_height)) return false;
    jpeg_.out_color_space = jpeg_.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&jpeg_);
    return true;
  }

  bool Decode() {
    if (setjmp(errors_.jump) != 0) return false;
    while (jpeg_.output_scanline < jpeg_.output_height) {
      JSAMPROW row = row_.data();
      if (jpeg_read_scanlines(&jpeg_, &row, 1) == 1) rows_->Add(row_.data());
    }
    // A cut-off file is filled up with grey and warned of; it is no picture.
    return errors_.base.num_warnings == 0;
  }

  const std::string_view bytes_;
  jpeg_decompress_struct jpeg_ = {};
  Errors errors_ = {};
  jpeg_progress_mgr progress_ = {};
  std::optional<PixelRows> rows_;
  std::vector<uint8_t> row_;
};

std::optional<Image> ReadEncoded(std::string_view bytes) {
  if (bytes.starts_with(kPngMagic)) return ReadPng(bytes);
  if (bytes.starts_with(kJpegMagic)) return JpegReader(bytes).Read();
  return std::nullopt;
}

// Reads nested lists of numbers of which all of one depth are of one length.
class NumberLists {
 public:
  explicit NumberLists(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool Read() {
    if (!ReadList(0)) return false;
    Skip();
    return at_ == end_;
  }
  const std::vector<double>& numbers() const { return numbers_; }
  const std::vector<int64_t>& shape() const { return shape_; }

 private:
  void Skip() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == ',' || *at_ == '\n')) ++at_;
  }

  bool ReadList(size_t depth) {
    if (at_ == end_ || *at_ != '[' || depth == kDepthMax) return false;
    ++at_;
    int64_t items = 0;
    for (Skip(); at_ != end_ && *at_ != ']'; Skip(), ++items) {
      if (*at_ == '[') {
        if (!ReadList(depth + 1)) return false;
        continue;
      }
      double number = 0;
      const auto [next, error] = std::from_chars(at_, end_, number);
      if (error != std::errc() || (shape_.size() > depth + 1)) return false;
      at_ = next;
      numbers_.push_back(number);
    }
    if (at_ == end_) return false;
    ++at_;
    return Agrees(depth, items);
  }

  // The innermost list ends first, and says how many dimensions there are.
  bool Agrees(size_t depth, int64_t items) {
    if (shape_.size() <= depth) shape_.resize(depth + 1, -1);
    if (shape_[depth] == -1) shape_[depth] = items;
    return shape_[depth] == items;
  }

  const char* at_;
  const char* const end_;
  std::vector<double> numbers_;
  std::vector<int64_t> shape_;
};

std::optional<Image> ReadNumbers(std::string_view text) {
  NumberLists lists(text);
  if (!lists.Read()) return std::nullopt;
  return ImageOfNumbers(lists.numbers(), lists.shape());
}

}  // namespace

std::optional<Image> ReadImage(std::string_view cell) {
  if (cell.size() > kImageBytesMax) return std::nullopt;
  if (cell.starts_with('[')) return ReadNumbers(cell);
  if (cell.starts_with(kDataUrl)) {
    const size_t comma = cell.find(',');
    if (comma == std::string_view::npos) return std::nullopt;
    cell.remove_prefix(comma + 1);
  }
  if (cell.starts_with(kPngBase64) || cell.starts_with(kJpegBase64)) {
    const auto bytes = Base64DecodeLoosely(cell);
    return bytes ? ReadEncoded(*bytes) : std::nullopt;
  }
  return ReadEncoded(cell);
}

}  // namespace millwright::images
